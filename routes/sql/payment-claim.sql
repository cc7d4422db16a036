-- Takes the payments that are due and sets when to ask next in one statement, so that any number of instances may poll.
with recursive known (account) as (
    -- Each account that has an open payment, by one step in the index.
    (select account from payment where next_poll_at is not null order by account limit 1)
    union all
    select (
        select t.account
        from payment t
        where t.next_poll_at is not null and t.account > k.account
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
        where account = o.account and next_poll_at <= o.until
          and (submitting_until is null or submitting_until < now())
        order by next_poll_at
        limit o.free
        for update skip locked
    ) d
    limit cast(:#${variable.capacity} as integer)
)
update payment p
set polls = p.polls + 1,
    next_poll_at = now() + case
        when now() > p.expires_at + cast(:#${properties:tenpay.poll.stuck-after} as interval)
            then cast(:#${properties:tenpay.poll.stuck-interval} as interval)
        -- The last check is due right after expiry, however far the doubling has gone.
        when now() < p.expires_at
            then least(d.delay, p.expires_at - now() + cast(:#${properties:tenpay.poll.after-expiry} as interval))
        else d.delay
    end
from due
cross join lateral (
    select least(
        cast(:#${properties:tenpay.poll.interval} as interval) * power(2, least(p2.polls, 20)),
        cast(:#${properties:tenpay.poll.max-delay} as interval)) * (0.8 + 0.4 * random()) as delay
    from payment p2
    where p2.id = due.id
) d
where p.id = due.id
returning p.account, cast(to_jsonb(p) as text) as payment
