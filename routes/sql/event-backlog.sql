-- How many events each destination has not taken yet, for how many seconds the oldest, and whether it is disabled.
select t.account, t.destination,
    count(d.event_id) as undelivered,
    cast(coalesce(extract(epoch from now() - min(d.created_at)), 0) as bigint) as age,
    (select count(*) from event_delivery x where x.account = t.account and x.destination = t.destination and x.state = 'DEAD') as dead,
    case when t.disabled_at is null then 0 else 1 end as disabled
from event_destination t
left join event_delivery d on d.account = t.account and d.destination = t.destination and d.state = 'PENDING'
group by t.account, t.destination, t.disabled_at
