-- Stores a verified notification once, before it is acknowledged; no row comes back for a repetition or a replay.
insert into notification (account, kind, event_id, signature_hash, body, next_attempt_at)
values (
    :#${variable.account}, :#${variable.kind},
    coalesce(cast(:#${variable.eventId} as text), 'unnamed ' || encode(sha256(:#${variable.signature}), 'hex')),
    sha256(:#${variable.signature}), :#${variable.notification},
    -- The instance that stores it processes it at once; should it die first, another one takes over.
    now() + cast(:#${properties:tenpay.notifications.lease} as interval))
on conflict do nothing
returning id
