-- Keeps a notification whose order isn't there, or that can't be read: tried again later, given up and reported after a day.
update notification
set state = case when received_at < now() - cast(:#${properties:tenpay.notifications.give-up-after} as interval)
        then 'GIVEN_UP' else 'WAITING' end,
    next_attempt_at = case when received_at < now() - cast(:#${properties:tenpay.notifications.give-up-after} as interval)
        then null else next_attempt_at end,
    number = cast(:#${variable.number} as text),
    problem = cast(:#${variable.problem} as text)
where id = cast(:#${variable.notificationKey} as bigint)
  and state in ('NEW', 'WAITING')
returning state
