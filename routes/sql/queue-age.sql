-- How many seconds the oldest work has been waiting beyond its time, by queue: 0 where none is late.
-- The first of each account, by one step in the index of what is due.
with recursive payments (account, due) as (
    (select account, next_poll_at from payment where next_poll_at is not null order by account, next_poll_at limit 1)
    union all
    select first.account, first.next_poll_at
    from payments k
    cross join lateral (
        select t.account, t.next_poll_at
        from payment t
        where t.next_poll_at is not null and t.account > k.account
        order by t.account, t.next_poll_at
        limit 1
    ) first
), refunds (account, due) as (
    (select account, next_poll_at from refund where next_poll_at is not null order by account, next_poll_at limit 1)
    union all
    select first.account, first.next_poll_at
    from refunds k
    cross join lateral (
        select t.account, t.next_poll_at
        from refund t
        where t.next_poll_at is not null and t.account > k.account
        order by t.account, t.next_poll_at
        limit 1
    ) first
), notifications (account, due) as (
    (select account, next_attempt_at from notification where next_attempt_at is not null order by account, next_attempt_at limit 1)
    union all
    select first.account, first.next_attempt_at
    from notifications k
    cross join lateral (
        select t.account, t.next_attempt_at
        from notification t
        where t.next_attempt_at is not null and t.account > k.account
        order by t.account, t.next_attempt_at
        limit 1
    ) first
), final_payments (account, due) as (
    (select account, reconcile_at from payment where reconcile_at is not null order by account, reconcile_at limit 1)
    union all
    select first.account, first.reconcile_at
    from final_payments k
    cross join lateral (
        select t.account, t.reconcile_at
        from payment t
        where t.reconcile_at is not null and t.account > k.account
        order by t.account, t.reconcile_at
        limit 1
    ) first
), final_refunds (account, due) as (
    (select account, reconcile_at from refund where reconcile_at is not null order by account, reconcile_at limit 1)
    union all
    select first.account, first.reconcile_at
    from final_refunds k
    cross join lateral (
        select t.account, t.reconcile_at
        from refund t
        where t.reconcile_at is not null and t.account > k.account
        order by t.account, t.reconcile_at
        limit 1
    ) first
)
select cast(extract(epoch from greatest(now() - (select min(due) from payments), interval '0')) as bigint) as payments,
    cast(extract(epoch from greatest(now() - (select min(due) from refunds), interval '0')) as bigint) as refunds,
    cast(extract(epoch from greatest(now() - (select min(due) from notifications), interval '0')) as bigint) as notifications,
    cast(extract(epoch from greatest(now() - least(
        (select min(due) from final_payments),
        (select min(due) from final_refunds)), interval '0')) as bigint) as reconciliation,
    cast(extract(epoch from greatest(now() - (
        -- What nobody sends at present is nobody's delay.
        select min(due.next_attempt_at)
        from event_destination d
        cross join lateral (
            select q.next_attempt_at
            from event_queue q
            where q.destination = d.destination and q.account = d.account and q.next_attempt_at is not null
            order by q.next_attempt_at
            limit 1
        ) due
        where d.disabled_at is null and (d.paused_until is null or d.paused_until <= now())), interval '0')) as bigint) as events
