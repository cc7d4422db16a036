-- Deletes old events that arrived, or that have no destination, some at a time; dead and pending ones stay.
with old as materialized (
    select e.id
    from erp_event e
    where e.created_at at time zone 'UTC' < (now() - cast(:#${properties:tenpay.retention.events} as interval)) at time zone 'UTC'
      and e.status in ('DELIVERED', 'NO_DESTINATION')
    order by e.created_at at time zone 'UTC'
    limit 10000
    for update skip locked
)
delete from erp_event e
using old
where e.id = old.id
  -- Asked once more under the lock: a redelivery may have come between what this statement saw and its lock.
  and event_is_over(old.id)
