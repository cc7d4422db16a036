-- A page of the ERP's events, newest first, by keyset: one row more than asked for tells whether there is another page.
with asked as materialized (
    select
        string_to_array(:#${variable.accounts}, ',') as accounts,
        cast(:#${variable.status} as text) as status,
        cast(:#${variable.orderNo} as text) as order_no,
        coalesce(
            timestamptz '1970-01-01 00:00:00+00'
                + cast(split_part(cast(:#${variable.cursor} as text), '-', 1) as bigint) * interval '1 microsecond',
            timestamptz 'infinity') as before,
        coalesce(cast(split_part(cast(:#${variable.cursor} as text), '-', 2) as bigint), 0) as before_id,
        coalesce(cast(:#${variable.limit} as integer), 50) + 1 as rows
), found as (
    -- Each question has its own way, by an index in the order of the page: none looks at more than it shows, however many
    -- events there are. 201 is what the contract allows, and one more; a constant, since the plan goes by it.
    select e.id, e.created_at as at
    from asked a
    join payment p on p.account = any (a.accounts) and p.order_no = a.order_no
    join erp_event e on e.payment_id = p.id
    where (e.created_at, e.id) < (a.before, a.before_id)
      and (a.status is null or event_status(e.id) = a.status)
    union all
    select e.id, e.at
    from asked a
    cross join unnest(a.accounts) as o (account)
    cross join lateral (
        select e.id, e.created_at as at
        from erp_event e
        where e.account = o.account and (e.created_at, e.id) < (a.before, a.before_id)
        order by e.created_at desc, e.id desc
        limit 201
    ) e
    where a.order_no is null and a.status is null
    union all
    select e.id, e.at
    from asked a
    cross join unnest(a.accounts) as o (account)
    cross join lateral (
        select e.id, e.created_at as at
        from erp_event e
        where e.account = o.account and not e.addressed and (e.created_at, e.id) < (a.before, a.before_id)
        order by e.created_at desc, e.id desc
        limit 201
    ) e
    where a.order_no is null and a.status = 'UNADDRESSED'
    union all
    select e.id, e.at
    from asked a
    cross join unnest(a.accounts) as o (account)
    cross join lateral (
        select e.id, e.created_at as at
        from erp_event e
        where e.account = o.account and e.addressed and (e.created_at, e.id) < (a.before, a.before_id)
          -- This alone passes over others: over what is not done yet, or dead.
          and not exists (select from event_delivery d where d.event_id = e.id and d.state <> 'DELIVERED')
        order by e.created_at desc, e.id desc
        limit 201
    ) e
    where a.order_no is null and a.status = 'DELIVERED'
    union all
    select d.event_id, d.at
    from asked a
    cross join unnest(a.accounts) as o (account)
    cross join (values ('http'), ('kafka')) as t (destination)
    cross join lateral (
        select d.event_id, d.created_at as at
        from event_delivery d
        where d.account = o.account and d.destination = t.destination and d.state = 'PENDING'
          and (d.created_at, d.event_id) < (a.before, a.before_id)
          and not exists (select from event_delivery x where x.event_id = d.event_id and x.state = 'DEAD')
        order by d.created_at desc, d.event_id desc
        limit 201
    ) d
    where a.order_no is null and a.status = 'PENDING'
    union all
    select d.event_id, d.at
    from asked a
    cross join unnest(a.accounts) as o (account)
    cross join (values ('http'), ('kafka')) as t (destination)
    cross join lateral (
        select d.event_id, d.created_at as at
        from event_delivery d
        where d.account = o.account and d.destination = t.destination and d.state = 'DEAD'
          and (d.created_at, d.event_id) < (a.before, a.before_id)
        order by d.created_at desc, d.event_id desc
        limit 201
    ) d
    where a.order_no is null and a.status = 'DEAD'
), newest as materialized (
    select id, max(at) as at
    from found
    group by id
    order by 2 desc, 1 desc
    limit 201
), page as (
    select e.*, n.at, p.order_no, r.refund_no, event_status(e.id) as status, d.deliveries
    from newest n
    join erp_event e on e.id = n.id
    join payment p on p.id = e.payment_id
    left join refund r on r.id = e.refund_id
    cross join lateral (
        select
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
    order by n.at desc, n.id desc
    limit (select rows from asked)
)
select cast(jsonb_build_object(
    'limit', coalesce(cast(:#${variable.limit} as integer), 50),
    'events', coalesce(jsonb_agg(
        to_jsonb(page) - 'data' || jsonb_build_object(
            'cursor', cast(extract(epoch from at) * 1000000 as bigint) || '-' || id)
        order by at desc, id desc), '[]')
) as text) as page
from page
