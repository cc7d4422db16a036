-- One payment with what support asks: whether and when the ERP was told of its last change.
select cast(to_jsonb(p) || jsonb_build_object('last_event', to_jsonb(e)) as text) as payment
from payment p
left join lateral (
    select x.type, x.status, d.delivered_at, d.next_attempt_at
    from (select id, type, status from erp_event where payment_id = p.id order by id desc limit 1) x
    cross join lateral (
        select
            max(d.finished_at) filter (where d.state = 'DELIVERED') as delivered_at,
            min(q.next_attempt_at) filter (where d.state = 'PENDING') as next_attempt_at
        from event_delivery d
        left join event_queue q on q.payment_id = d.payment_id and q.destination = d.destination
        where d.event_id = x.id) d
) e on true
where p.id = cast(:#${variable.paymentRowId} as bigint)
