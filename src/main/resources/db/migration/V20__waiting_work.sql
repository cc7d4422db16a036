-- Which accounts have work waiting in each queue, and since when it is due: of each account the first, by one step in the
-- index of what is due, however much there is. Asked for one queue, the others are not read.
create view waiting_work (queue, account, since) as
with recursive payments (account, due) as (
    (select account, next_poll_at from payment where next_poll_at is not null order by account, next_poll_at limit 1)
    union all
    select next.* from payments k cross join lateral (
        select t.account, t.next_poll_at from payment t
        where t.next_poll_at is not null and t.account > k.account order by t.account, t.next_poll_at limit 1) next
), refunds (account, due) as (
    (select account, next_poll_at from refund where next_poll_at is not null order by account, next_poll_at limit 1)
    union all
    select next.* from refunds k cross join lateral (
        select t.account, t.next_poll_at from refund t
        where t.next_poll_at is not null and t.account > k.account order by t.account, t.next_poll_at limit 1) next
), final_payments (account, due) as (
    (select account, reconcile_at from payment where reconcile_at is not null order by account, reconcile_at limit 1)
    union all
    select next.* from final_payments k cross join lateral (
        select t.account, t.reconcile_at from payment t
        where t.reconcile_at is not null and t.account > k.account order by t.account, t.reconcile_at limit 1) next
), final_refunds (account, due) as (
    (select account, reconcile_at from refund where reconcile_at is not null order by account, reconcile_at limit 1)
    union all
    select next.* from final_refunds k cross join lateral (
        select t.account, t.reconcile_at from refund t
        where t.reconcile_at is not null and t.account > k.account order by t.account, t.reconcile_at limit 1) next
), notifications (account, due) as (
    (select account, next_attempt_at from notification where next_attempt_at is not null order by account, next_attempt_at limit 1)
    union all
    select next.* from notifications k cross join lateral (
        select t.account, t.next_attempt_at from notification t
        where t.next_attempt_at is not null and t.account > k.account order by t.account, t.next_attempt_at limit 1) next
)
select 'payments', account, due from payments
union all
select 'refunds', account, due from refunds
union all
select 'final_payments', account, due from final_payments
union all
select 'final_refunds', account, due from final_refunds
union all
select 'notifications', account, due from notifications;

-- The accounts of a queue that an instance may claim from: how many rows of each, and due by when. The account with the least
-- in flight comes first; among equals none is always the last one. Instances that know the account come first; rows that
-- none of them took for ten minutes are claimed by any.
create function claimable_accounts(
    queue text, own_accounts text, paused_accounts text, capacities jsonb, default_capacity integer,
    out account text, out capacity integer, out due_by timestamptz) returns setof record language plpgsql rows 10 as
$$
begin
    return query
    select w.account, coalesce(cast(capacities ->> w.account as integer), default_capacity) as free,
        case when w.account = any (string_to_array(own_accounts, ',')) then now() else now() - interval '10 minutes' end
    from waiting_work w
    where w.queue = claimable_accounts.queue and w.account <> all (string_to_array(paused_accounts, ','))
    order by free desc, random();
end
$$;
