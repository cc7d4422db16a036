-- How many seconds the oldest work has been waiting beyond its time, by queue: 0 where none is late.
select cast(extract(epoch from greatest(now() - (select min(next_poll_at) from payment where next_poll_at is not null), interval '0')) as bigint) as payments,
    cast(extract(epoch from greatest(now() - (select min(next_poll_at) from refund where next_poll_at is not null), interval '0')) as bigint) as refunds,
    cast(extract(epoch from greatest(now() - (select min(next_attempt_at) from notification where next_attempt_at is not null), interval '0')) as bigint) as notifications,
    cast(extract(epoch from greatest(now() - least(
        (select min(reconcile_at) from payment where reconcile_at is not null),
        (select min(reconcile_at) from refund where reconcile_at is not null)), interval '0')) as bigint) as reconciliation,
    cast(extract(epoch from greatest(now() - (
        -- What nobody sends at present is nobody's delay.
        select min(due.next_attempt_at)
        from event_destination d
        cross join lateral (
            select q.next_attempt_at
            from event_queue q
            where q.destination = d.destination and q.account = d.account and q.next_attempt_at is not null
            order by q.next_attempt_at
            limit 1
        ) due
        where d.disabled_at is null and (d.paused_until is null or d.paused_until <= now())), interval '0')) as bigint) as events
