-- Keeps a notification whose order isn't there, or that can't be read: tried again later, given up and reported after a day.
insert into notification as n (account, kind, body, state, next_attempt_at, number, problem)
select
    :#${variable.account}, :#${variable.kind}, cast(:#${variable.notification} as bytea), 'WAITING',
    now() + cast(:#${properties:tenpay.notifications.lease} as interval),
    cast(:#${variable.number} as text), cast(:#${variable.problem} as text)
-- A signature that something else has used doesn't count. It isn't used here either, since nothing is applied yet: sent to
-- the wrong path first, it would not count on the right one.
where not exists (select from used_signature where digest = decode(cast(:#${variable.signature} as text), 'hex'))
on conflict (account, kind, body_hash) do update
set state = case when n.received_at < now() - cast(:#${properties:tenpay.notifications.give-up-after} as interval)
        then 'GIVEN_UP' else 'WAITING' end,
    next_attempt_at = case when n.received_at < now() - cast(:#${properties:tenpay.notifications.give-up-after} as interval)
        then null else coalesce(n.next_attempt_at, excluded.next_attempt_at) end,
    number = excluded.number,
    problem = excluded.problem
where n.state <> 'DONE'
returning id, state
