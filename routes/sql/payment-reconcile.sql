-- Takes the final payments that nobody asked about since, to ask once more; after some days without an agreement, no more.
with recursive known (account) as (
    -- Each account that has a payment to compare, by one step in the index.
    (select account from payment where reconcile_at is not null order by account limit 1)
    union all
    select (
        select t.account
        from payment t
        where t.reconcile_at is not null and t.account > k.account
        order by t.account
        limit 1)
    from known k
    where k.account is not null
), open as (
    select account,
        coalesce(
            cast(cast(:#${variable.accountCapacities} as jsonb) ->> account as integer),
            cast(:#${variable.accountCapacity} as integer)) as free,
        -- Those that know the account come first; what none of them took for a while is shown by its history.
        case
            when account = any (string_to_array(:#${variable.ownAccounts}, ',')) then now()
            else now() - interval '10 minutes'
        end as until
    from known
    where account <> all (string_to_array(:#${variable.pausedAccounts}, ','))
    -- The account with the least in flight first; among equals none is always the last one.
    order by free desc, random()
), due as (
    -- Each account has its own few: however much of one is due, it is not in another's way.
    select d.id
    from open o
    cross join lateral (
        select id
        from payment
        where account = o.account and reconcile_at <= o.until
        order by reconcile_at
        limit o.free
        for update skip locked
    ) d
    limit cast(:#${variable.capacity} as integer)
)
update payment p
set reconcile_at = case
        -- A contradiction is cleared up soon, or asked about ever more seldom.
        -- None is given up before it was answered and so either confirmed or reported.
        when p.contradicted_at is not null and p.contradiction_upheld_at is null
            then now() + least(
                greatest(cast(:#${properties:tenpay.poll.interval} as interval), (now() - p.contradicted_at) / 4),
                cast(:#${properties:tenpay.reconcile.after} as interval))
        when p.updated_at < now() - cast(:#${properties:tenpay.reconcile.give-up-after} as interval) then null
        else now() + cast(:#${properties:tenpay.reconcile.after} as interval)
    end
from due
where p.id = due.id
returning p.account, cast(to_jsonb(p) as text) as payment
