-- Takes the stored notifications that nobody has processed: their order was not there yet, or an instance died.
with recursive known (account) as (
    -- Each account that has a waiting notification, by one step in the index.
    (select account from notification where next_attempt_at is not null order by account limit 1)
    union all
    select (
        select t.account
        from notification t
        where t.next_attempt_at is not null and t.account > k.account
        order by t.account
        limit 1)
    from known k
    where k.account is not null
), due as (
    select d.id, row_number() over (partition by k.account order by d.next_attempt_at) as turn
    from known k
    cross join lateral (
        select id, next_attempt_at
        from notification
        where account = k.account
          -- Those that know the account come first: nobody else can open what is encrypted for it.
          and next_attempt_at <= case
                when k.account = any (string_to_array(:#${variable.ownAccounts}, ',')) then now()
                else now() - interval '10 minutes'
            end
        order by next_attempt_at
        limit cast(:#${properties:tenpay.notifications.batch-size} as integer)
        for update skip locked
    ) d
    -- The first of each account, then the second of each: however many one has, it is not in another's way.
    order by turn
    limit cast(:#${properties:tenpay.notifications.batch-size} as integer)
)
update notification n
set attempts = n.attempts + 1,
    next_attempt_at = now() + least(
        cast(:#${properties:tenpay.notifications.lease} as interval) * power(2, least(n.attempts, 20)),
        cast(:#${properties:tenpay.notifications.max-delay} as interval))
from due
where n.id = due.id
returning n.id, n.account, n.kind, n.body
