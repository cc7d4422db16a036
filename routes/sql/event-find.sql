-- One event of the caller's accounts, with what is left to do with it and its last attempts.
select cast(to_jsonb(e) - 'data' || jsonb_build_object(
    'order_no', p.order_no,
    'refund_no', r.refund_no,
    'deliveries', coalesce(d.deliveries, '[]'),
    'attempts', coalesce((
        select jsonb_agg(to_jsonb(a) order by a.id)
        from (select * from event_attempt where event_id = e.id order by id desc limit 100) a), '[]')) as text) as event
from erp_event e
join payment p on p.id = e.payment_id
left join refund r on r.id = e.refund_id
cross join lateral (
    select
        jsonb_agg(jsonb_build_object(
            'destination', d.destination, 'state', d.state, 'attempts', d.attempts, 'finished_at', d.finished_at,
            -- None while it is under way, or waits for an earlier event of its payment.
            'next_attempt_at', case when d.state = 'PENDING' and not q.in_flight and d.event_id = (
                select min(f.event_id) from event_delivery f
                where f.payment_id = d.payment_id and f.destination = d.destination and f.state = 'PENDING')
                then q.next_attempt_at end,
            'disabled_at', case when d.state = 'PENDING' then t.disabled_at end) order by d.destination) as deliveries
    from event_delivery d
    left join event_queue q on q.payment_id = d.payment_id and q.destination = d.destination
    left join event_destination t on t.account = d.account and t.destination = d.destination
    where d.event_id = e.id
) d
-- Text that isn't an id finds nothing.
where e.event_id = case
        when :#${variable.eventId} ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
        then cast(:#${variable.eventId} as uuid) end
  and e.account = any (string_to_array(:#${variable.accounts}, ','))
