-- Takes the stored notifications that nobody has processed: their order was not there yet, or an instance died.
with due as (
    select id
    from notification
    where next_attempt_at <= now()
      -- Those that know the account come first: nobody else can open what is encrypted for it.
      and (account = any (string_to_array(:#${variable.ownAccounts}, ',')) or next_attempt_at < now() - interval '10 minutes')
    order by next_attempt_at
    limit cast(:#${properties:tenpay.notifications.batch-size} as integer)
    for update skip locked
)
update notification n
set attempts = n.attempts + 1,
    next_attempt_at = now() + least(
        cast(:#${properties:tenpay.notifications.lease} as interval) * power(2, least(n.attempts, 20)),
        cast(:#${properties:tenpay.notifications.max-delay} as interval))
from due
where n.id = due.id
returning n.id, n.account, n.kind, n.body
