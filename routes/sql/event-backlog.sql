-- What each destination has not taken yet, and is dead there, 10000 at most, as gauges; for how many seconds the oldest waits.
select m.metric, t.account, t.destination, m.value
from event_destination t
cross join lateral (values
    ('tenpay.events.undelivered', (select count(*) from (
        select from event_delivery d
        where d.account = t.account and d.destination = t.destination and d.state = 'PENDING'
        -- More than that is no other message to a person, and each instance asks every few seconds.
        limit 10000) as counted)),
    ('tenpay.events.age', coalesce(extract(epoch from now() - (
        select min(d.created_at) from event_delivery d
        where d.account = t.account and d.destination = t.destination and d.state = 'PENDING')), 0)),
    ('tenpay.events.dead', (select count(*) from (
        select from event_delivery d
        where d.account = t.account and d.destination = t.destination and d.state = 'DEAD'
        limit 10000) as counted)),
    ('tenpay.events.disabled', case when t.disabled_at is null then 0 else 1 end)) as m (metric, value)
