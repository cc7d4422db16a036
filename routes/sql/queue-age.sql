-- How many seconds the oldest work has been waiting beyond its time, by queue: 0 where none is late.
with oldest as (
    select queue, min(since) as since from waiting_work group by queue
    union all
    -- A disabled or paused destination isn't late.
    select 'events', min(due.next_attempt_at)
    from event_destination d
    cross join lateral (
        select q.next_attempt_at
        from event_queue q
        where q.destination = d.destination and q.account = d.account and q.next_attempt_at is not null
        order by q.next_attempt_at
        limit 1
    ) due
    where d.disabled_at is null and (d.paused_until is null or d.paused_until <= now())
), late as (
    select queue, cast(extract(epoch from now() - since) as bigint) as seconds from oldest where since < now()
)
select
    coalesce(max(seconds) filter (where queue = 'payments'), 0) as payments,
    coalesce(max(seconds) filter (where queue = 'refunds'), 0) as refunds,
    coalesce(max(seconds) filter (where queue = 'notifications'), 0) as notifications,
    coalesce(max(seconds) filter (where queue in ('final_payments', 'final_refunds')), 0) as reconciliation,
    coalesce(max(seconds) filter (where queue = 'events'), 0) as events
from late
