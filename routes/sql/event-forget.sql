-- Deletes old events that arrived, or that nobody was to be told of, some at a time; what is dead or pending stays.
delete from erp_event
where id in (
    select e.id
    from erp_event e
    where e.created_at < now() - cast(:#${properties:tenpay.housekeeping.keep-events} as interval)
      and not exists (select from event_delivery d where d.event_id = e.id and d.state <> 'DELIVERED')
    order by e.created_at
    limit 10000
    for update skip locked)
