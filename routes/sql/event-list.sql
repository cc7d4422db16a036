-- A page of the ERP's events, newest first, by keyset: one row more than asked for tells whether there is another page.
with page as (
    select e.*, p.order_no, r.refund_no, d.status, d.deliveries
    from erp_event e
    join payment p on p.id = e.payment_id
    left join refund r on r.id = e.refund_id
    cross join lateral (
        select
            case
                when bool_or(d.state = 'DEAD') then 'DEAD'
                when bool_or(d.state = 'PENDING') then 'PENDING'
                when bool_or(true) then 'DELIVERED'
                else 'UNADDRESSED'
            end as status,
            coalesce(jsonb_agg(jsonb_build_object(
                'destination', d.destination, 'state', d.state, 'attempts', d.attempts, 'finished_at', d.finished_at,
                -- None while it is under way, or waits for an earlier event of its payment.
                'next_attempt_at', case when d.state = 'PENDING' and not q.in_flight and d.event_id = (
                    select min(f.event_id) from event_delivery f
                    where f.payment_id = d.payment_id and f.destination = d.destination and f.state = 'PENDING')
                    then q.next_attempt_at end,
                'disabled_at', case when d.state = 'PENDING' then t.disabled_at end) order by d.destination), '[]') as deliveries
        from event_delivery d
        left join event_queue q on q.payment_id = d.payment_id and q.destination = d.destination
        left join event_destination t on t.account = d.account and t.destination = d.destination
        where d.event_id = e.id
    ) d
    where e.account = any (string_to_array(:#${variable.accounts}, ','))
      and (cast(:#${variable.orderNo} as text) is null or p.order_no = :#${variable.orderNo})
      and (cast(:#${variable.status} as text) is null or d.status = :#${variable.status})
      -- Those that are not done are few among many: they are found by themselves.
      and (coalesce(cast(:#${variable.status} as text), '') not in ('PENDING', 'DEAD') or e.id = any (array(
          select event_id from event_delivery
          where state = 'PENDING' and :#${variable.status} = 'PENDING' and account = any (string_to_array(:#${variable.accounts}, ','))
          union all
          select event_id from event_delivery
          where state = 'DEAD' and :#${variable.status} = 'DEAD' and account = any (string_to_array(:#${variable.accounts}, ',')))))
      and (cast(:#${variable.cursor} as text) is null or (e.created_at, e.id) < (
          timestamptz '1970-01-01 00:00:00+00'
              + cast(split_part(:#${variable.cursor}, '-', 1) as bigint) * interval '1 microsecond',
          cast(split_part(:#${variable.cursor}, '-', 2) as bigint)))
    order by e.created_at desc, e.id desc
    limit coalesce(cast(:#${variable.limit} as integer), 50) + 1
)
select cast(jsonb_build_object(
    'limit', coalesce(cast(:#${variable.limit} as integer), 50),
    'events', coalesce(jsonb_agg(
        to_jsonb(page) - 'data' || jsonb_build_object(
            'cursor', cast(extract(epoch from created_at) * 1000000 as bigint) || '-' || id)
        order by created_at desc, id desc), '[]')
) as text) as page
from page
