-- Stores verified notifications once, before they are acknowledged; no row comes back for a repetition or a replay.
with given as (
    -- The arrays in queries of their own, or PostgreSQL plans anew each time for as many elements as there are.
    select distinct on (account, kind, body) *
    from unnest(
            (select cast(:#${variable.account} as text[])),
            (select cast(:#${variable.kind} as text[])),
            (select cast(:#${variable.notification} as bytea[]))) with ordinality as n (account, kind, body, place)
    order by account, kind, body, place
), stored as (
    insert into notification (account, kind, body, next_attempt_at)
    select account, kind, body,
        -- The instance that stores it processes it at once; should it die first, another one takes over.
        now() + cast(:#${properties:tenpay.notifications.lease} as interval)
    from given
    on conflict do nothing
    returning id, account, kind, body_hash
)
select g.place, s.id as answer
from stored s
join given g on g.account = s.account and g.kind = s.kind and sha256(g.body) = s.body_hash
