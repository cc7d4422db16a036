-- Claims the stored notifications that are not processed: their order was not there yet, or an instance died.
with due as (
    select d.id, row_number() over (partition by w.account order by d.next_attempt_at) as turn
    from waiting_work w
    cross join lateral (
        select id, next_attempt_at
        from notification
        where account = w.account
          -- Instances that know the account come first: only they can open what is encrypted for it.
          and next_attempt_at <= case
                when w.account = any (string_to_array(:#${variable.ownAccounts}, ',')) then now()
                else now() - interval '10 minutes'
            end
        order by next_attempt_at
        limit cast(:#${properties:tenpay.notifications.batch-size} as integer)
        for update skip locked
    ) d
    where w.queue = 'notifications'
    -- The first of each account, then the second of each: many of one delay no other.
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
