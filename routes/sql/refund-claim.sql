-- Takes the refunds that are due and sets when to ask next in one statement, so that any number of instances may poll.
with recursive known (account) as (
    -- Each account that has an open refund, by one step in the index.
    (select account from refund where next_poll_at is not null order by account limit 1)
    union all
    select (
        select t.account
        from refund t
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
        from refund
        where account = o.account and next_poll_at <= o.until
          and (submitting_until is null or submitting_until < now())
        order by next_poll_at
        limit o.free
        for update skip locked
    ) d
    limit cast(:#${variable.capacity} as integer)
)
update refund r
set polls = r.polls + 1,
    next_poll_at = now() + case
        when now() > r.created_at + cast(:#${properties:tenpay.poll.refund-stuck-after} as interval)
            then cast(:#${properties:tenpay.poll.stuck-interval} as interval)
        else least(
            cast(:#${properties:tenpay.poll.interval} as interval) * power(2, least(r.polls, 20)),
            cast(:#${properties:tenpay.poll.max-delay} as interval)) * (0.8 + 0.4 * random())
    end
from due
where r.id = due.id
returning r.account, cast(to_jsonb(r) as text) as refund
