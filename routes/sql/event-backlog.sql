-- How many events each destination has not taken yet, and are dead there, 10000 at most; for how many seconds the oldest waits.
select t.account, t.destination,
    (select count(*) from (
        select from event_delivery d
        where d.account = t.account and d.destination = t.destination and d.state = 'PENDING'
        -- More than that is no other message to a person, and each instance asks every few seconds.
        limit 10000) as counted) as undelivered,
    cast(coalesce(extract(epoch from now() - (
        select min(d.created_at) from event_delivery d
        where d.account = t.account and d.destination = t.destination and d.state = 'PENDING')), 0) as bigint) as age,
    (select count(*) from (
        select from event_delivery d
        where d.account = t.account and d.destination = t.destination and d.state = 'DEAD'
        limit 10000) as counted) as dead,
    case when t.disabled_at is null then 0 else 1 end as disabled
from event_destination t
