-- A page of the ERP's events, newest first, by keyset: one row more than asked for tells whether there is another page.
with recursive filter as materialized (
    select
        string_to_array(:#${variable.accounts}, ',') as accounts,
        cast(:#${variable.status} as text) as status,
        cast(:#${variable.orderNo} as text) as order_no,
        coalesce(
            timestamptz '1970-01-01 00:00:00+00'
                + cast(split_part(cast(:#${variable.cursor} as text), '-', 1) as bigint) * interval '1 microsecond',
            timestamptz 'infinity') as before,
        coalesce(cast(split_part(cast(:#${variable.cursor} as text), '-', 2) as bigint), 9223372036854775807) as before_id,
        coalesce(cast(:#${variable.limit} as integer), 50) + 1 as page_size
), merged as (
    -- In two rounds: a few of each account tell how far back the page reaches at most, then each gives what is as new as that.
    select 0 as round, cast(null as timestamptz[]) as created_at, cast(null as bigint[]) as id
    union all
    select m.round + 1, page.created_at, page.id
    from merged m
    cross join filter f
    cross join lateral (
        select
            coalesce(m.created_at[f.page_size], '-infinity') as since,
            case when m.round = 0 then 1 + 2 * f.page_size / greatest(cardinality(f.accounts), 1) else f.page_size end as most
    ) bound
    cross join lateral (
        select
            array_agg(created_at order by created_at desc, id desc) as created_at,
            array_agg(id order by created_at desc, id desc) as id
        from (
            select e.created_at, e.id
            from unnest(f.accounts) as a (account)
            cross join lateral (
                -- Each filter has an index in the order of the page, of which no more is read than is shown.
                (select created_at, id from erp_event
                where f.order_no is null and f.status is null and account = a.account
                  and (created_at, id) < (f.before, f.before_id) and created_at >= bound.since
                order by created_at desc, id desc limit bound.most)
                union all
                (select created_at, id from erp_event
                where f.order_no is null and account = a.account and status = f.status
                  and (created_at, id) < (f.before, f.before_id) and created_at >= bound.since
                order by created_at desc, id desc limit bound.most)
                union all
                -- Of one order, as they happened, whatever the clock did: their ids are their time.
                (select timestamptz '1970-01-01 00:00:00+00' + e.id * interval '1 microsecond', e.id
                from payment p
                -- By its own limit the planner can't walk all events to find those of one payment.
                cross join lateral (
                    select id from erp_event
                    where payment_id = p.id and id < f.before_id and (f.status is null or status = f.status)
                    order by id desc limit f.page_size) e
                where p.account = a.account and p.order_no = f.order_no)
            ) e
            order by 1 desc, 2 desc
            limit f.page_size
        ) newest
    ) page
    where m.round < 2
), listed as materialized (
    select k.id, k.ordinal, cast(extract(epoch from k.created_at) * 1000000 as bigint) || '-' || k.id || '-events' as cursor
    from merged m
    cross join unnest(m.created_at, m.id) with ordinality as k (created_at, id, ordinal)
    where m.round = 2
), page as (
    select e.event_id, e.type, e.account, p.order_no, r.refund_no, e.created_at, e.status, coalesce(d.deliveries, '[]') as deliveries, e.id,
        l.ordinal, l.cursor
    from listed l
    join erp_event e on e.id = l.id
    join payment p on p.id = e.payment_id
    left join refund r on r.id = e.refund_id
    cross join lateral (
        select json_agg(json_build_object(
            'destination', d.destination, 'state', d.state, 'attempts', d.attempts, 'finished_at', d.finished_at,
            -- None while it is under way, or waits for an earlier event of its payment.
            'next_attempt_at', case when d.state = 'PENDING' then (
                select q.next_attempt_at
                from event_queue q
                where q.payment_id = d.payment_id and q.destination = d.destination and not q.in_flight and d.event_id = (
                    select f.event_id from event_delivery f
                    where f.payment_id = d.payment_id and f.destination = d.destination and f.state = 'PENDING'
                    order by f.event_id limit 1)) end,
            'disabled_at', case when d.state = 'PENDING' then (
                select t.disabled_at from event_destination t where t.account = d.account and t.destination = d.destination) end)
            order by d.destination) as deliveries
        from event_delivery d
        where d.event_id = l.id) d
)
-- As json: to make a page jsonb takes three times as long.
select cast(json_build_object(
    'limit', (select page_size - 1 from filter),
    'events', coalesce(json_agg(row_to_json(page) order by ordinal), '[]')
) as text) as page
from page
