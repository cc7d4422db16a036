-- Stores a verified notification once, before it is acknowledged; no row comes back for a repetition or a replay.
insert into notification (account, kind, body, next_attempt_at)
values (
    :#${variable.account}, :#${variable.kind}, :#${variable.notification},
    -- The instance that stores it processes it at once; should it die first, another one takes over.
    now() + cast(:#${properties:tenpay.notifications.lease} as interval))
on conflict do nothing
returning id
