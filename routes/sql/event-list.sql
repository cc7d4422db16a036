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
    select 0 as round, cast(null as timestamptz[]) as created_at, cast(null as bigint[]) as id, cast(null as text) as resume
    union all
    select m.round + 1, page.created_at, page.id, page.resume
    from merged m
    cross join filter f
    cross join lateral (
        select
            coalesce(m.created_at[f.page_size], '-infinity') as since,
            case when m.round = 0 then 1 + 2 * f.page_size / greatest(cardinality(f.accounts), 1)
                else greatest(f.page_size, 1000 / greatest(cardinality(f.accounts), 1)) end as most
    ) bound
    cross join lateral (
        with read as materialized (
            select e.*
            from unnest(f.accounts) as a (account)
            cross join (values ('http'), ('kafka')) as t (destination)
            cross join lateral (
                select *, row_number() over () as ordinal
                from (
                    -- Each filter has an index in the order of the page, of which no more than a bounded number is read.
                    (select created_at, id, true as shown from erp_event
                    where f.order_no is null and f.status is null and t.destination = 'http' and account = a.account
                      and (created_at, id) < (f.before, f.before_id) and created_at >= bound.since
                    order by created_at desc, id desc limit bound.most)
                    union all
                    (select created_at, id, true from erp_event
                    where f.order_no is null and f.status = 'NO_DESTINATION' and t.destination = 'http' and account = a.account
                      and not addressed and (created_at, id) < (f.before, f.before_id) and created_at >= bound.since
                    order by created_at desc, id desc limit bound.most)
                    union all
                    (select d.created_at, d.event_id,
                        not exists (select from event_delivery x where x.event_id = d.event_id and x.state <> 'DELIVERED')
                    from event_delivery d
                    where f.order_no is null and f.status = 'DELIVERED' and d.account = a.account
                      and d.destination = t.destination and d.state = 'DELIVERED'
                      and (d.created_at, d.event_id) < (f.before, f.before_id) and d.created_at >= bound.since
                    order by d.created_at desc, d.event_id desc limit bound.most)
                    union all
                    (select d.created_at, d.event_id,
                        not exists (select from event_delivery x where x.event_id = d.event_id and x.state = 'DEAD')
                    from event_delivery d
                    where f.order_no is null and f.status = 'PENDING' and d.account = a.account
                      and d.destination = t.destination and d.state = 'PENDING'
                      and (d.created_at, d.event_id) < (f.before, f.before_id) and d.created_at >= bound.since
                    order by d.created_at desc, d.event_id desc limit bound.most)
                    union all
                    (select d.created_at, d.event_id, true
                    from event_delivery d
                    where f.order_no is null and f.status = 'DEAD' and d.account = a.account
                      and d.destination = t.destination and d.state = 'DEAD'
                      and (d.created_at, d.event_id) < (f.before, f.before_id) and d.created_at >= bound.since
                    order by d.created_at desc, d.event_id desc limit bound.most)
                    union all
                    -- Of one order, as they happened, whatever the clock did: their ids are their time.
                    (select timestamptz '1970-01-01 00:00:00+00' + e.id * interval '1 microsecond', e.id,
                        f.status is null or event_status(e.id) = f.status
                    from payment p
                    -- By its own limit the planner can't walk all events to find those of one payment.
                    cross join lateral (
                        select id from erp_event
                        where payment_id = p.id and id < f.before_id
                        order by id desc limit bound.most) e
                    where t.destination = 'http' and p.account = a.account and p.order_no = f.order_no)
                ) one
            ) e
        ), complete as (
            -- Where one of them has read all that it may, the page ends there, however few it shows.
            select created_at, id from read where ordinal = bound.most order by created_at desc, id desc limit 1
        )
        select
            array_agg(newest.created_at order by newest.created_at desc, newest.id desc) as created_at,
            array_agg(newest.id order by newest.created_at desc, newest.id desc) as id,
            (select cast(extract(epoch from created_at) * 1000000 as bigint) || '-' || id || '-events' from complete) as resume
        from (
            select distinct created_at, id
            from read
            where shown and (m.round = 0 or (created_at, id) >= all (select created_at, id from complete))
            order by created_at desc, id desc
            limit f.page_size
        ) newest
    ) page
    where m.round < 2
), listed as materialized (
    select k.id, k.ordinal, cast(extract(epoch from k.created_at) * 1000000 as bigint) || '-' || k.id || '-events' as cursor
    from merged m
    cross join unnest(m.created_at, m.id) with ordinality as k (created_at, id, ordinal)
    where m.round = 2
), delivery as (
    select l.id,
        case
            when bool_or(d.state = 'DEAD') then 'DEAD'
            when bool_or(d.state = 'PENDING') then 'PENDING'
            else 'DELIVERED'
        end as status,
        json_agg(json_build_object(
            'destination', d.destination, 'state', d.state, 'attempts', d.attempts, 'finished_at', d.finished_at,
            -- None while it is under way, or waits for an earlier event of its payment.
            'next_attempt_at', case when d.state = 'PENDING' and not q.in_flight and d.event_id = (
                select f.event_id from event_delivery f
                where f.payment_id = d.payment_id and f.destination = d.destination and f.state = 'PENDING'
                order by f.event_id limit 1)
                then q.next_attempt_at end,
            'disabled_at', case when d.state = 'PENDING' then t.disabled_at end) order by d.destination) as deliveries
    from listed l
    join event_delivery d on d.event_id = l.id
    -- What only a pending one has.
    left join event_queue q on d.state = 'PENDING' and q.payment_id = d.payment_id and q.destination = d.destination
    left join event_destination t on d.state = 'PENDING' and t.account = d.account and t.destination = d.destination
    group by l.id
), page as (
    select e.event_id, e.type, e.account, p.order_no, r.refund_no, e.created_at, coalesce(d.status, 'NO_DESTINATION') as status,
        coalesce(d.deliveries, '[]') as deliveries, e.id, l.ordinal, l.cursor
    from listed l
    join erp_event e on e.id = l.id
    join payment p on p.id = e.payment_id
    left join refund r on r.id = e.refund_id
    left join delivery d on d.id = l.id
)
-- As json: to make a page jsonb takes three times as long.
select cast(json_build_object(
    'limit', (select page_size - 1 from filter),
    'resume', (select resume from merged where round = 2),
    'events', coalesce(json_agg(row_to_json(page) order by ordinal), '[]')
) as text) as page
from page
