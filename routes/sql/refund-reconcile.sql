-- Takes the final refunds that nobody asked about since, to ask once more; after some days without an agreement, no more.
with recursive known (account) as (
    -- Each account that has a refund to compare, by one step in the index.
    (select account from refund where reconcile_at is not null order by account limit 1)
    union all
    select (
        select t.account
        from refund t
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
        from refund
        where account = o.account and reconcile_at <= o.until
        order by reconcile_at
        limit o.free
        for update skip locked
    ) d
    limit cast(:#${variable.capacity} as integer)
)
update refund r
set reconcile_at = case
        -- A contradiction is cleared up soon, or asked about ever more seldom.
        -- None is given up before it was answered and so either confirmed or reported.
        when r.contradicted_at is not null and r.contradiction_upheld_at is null
            then now() + least(
                greatest(cast(:#${properties:tenpay.poll.interval} as interval), (now() - r.contradicted_at) / 4),
                cast(:#${properties:tenpay.reconcile.after} as interval))
        when r.updated_at < now() - cast(:#${properties:tenpay.reconcile.give-up-after} as interval) then null
        else now() + cast(:#${properties:tenpay.reconcile.after} as interval)
    end
from due
where r.id = due.id
returning r.account, cast(to_jsonb(r) as text) as refund
