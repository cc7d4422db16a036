-- A page of payments, newest first, by keyset: one row more than asked for tells whether there is another page.
with recursive range as (
    select
        timestamptz '1970-01-01 00:00:00+00'
            + cast(split_part(cast(:#${variable.cursor} as text), '-', 1) as bigint) * interval '1 microsecond' as cursor_at,
        cast(split_part(cast(:#${variable.cursor} as text), '-', 2) as bigint) as cursor_id,
        coalesce(cast(:#${variable.createdTo} as timestamptz), 'infinity') as created_to
), filter as materialized (
    select
        string_to_array(:#${variable.accounts}, ',') as accounts,
        cast(:#${variable.status} as text) as status,
        cast(:#${variable.review} as text) as review,
        coalesce(cast(:#${variable.createdFrom} as timestamptz), '-infinity') as created_from,
        -- One bound: the cursor, or the end of the range where that comes first.
        case when cursor_at < created_to then cursor_at else created_to end as before,
        case when cursor_at < created_to then cursor_id else 0 end as before_id,
        coalesce(cast(:#${variable.limit} as integer), 50) + 1 as page_size
    from range
), merged as (
    -- In two rounds: a few of each account tell how far back the page reaches at most, then each gives what is as new as that.
    select 0 as round, cast(null as timestamptz[]) as created_at, cast(null as bigint[]) as id
    union all
    select m.round + 1, page.created_at, page.id
    from merged m
    cross join filter f
    cross join lateral (
        select
            greatest(f.created_from, m.created_at[f.page_size]) as since,
            case when m.round = 0 then 1 + 2 * f.page_size / greatest(cardinality(f.accounts), 1) else f.page_size end as most
    ) bound
    cross join lateral (
        select
            array_agg(created_at order by created_at desc, id desc) as created_at,
            array_agg(id order by created_at desc, id desc) as id
        from (
            select p.created_at, p.id
            from unnest(f.accounts) as a (account)
            cross join lateral (
                -- Each filter has an index in the order of the page, of which no more is read than is shown.
                (select created_at, id from payment
                where f.status is null and f.review is null and account = a.account
                  and (created_at, id) < (f.before, f.before_id) and created_at >= bound.since
                order by created_at desc, id desc limit bound.most)
                union all
                (select created_at, id from payment
                where f.review is null and account = a.account and status = f.status
                  and (created_at, id) < (f.before, f.before_id) and created_at >= bound.since
                order by created_at desc, id desc limit bound.most)
                union all
                (select created_at, id from payment
                where f.status is null and account = a.account and review = f.review
                  and (created_at, id) < (f.before, f.before_id) and created_at >= bound.since
                order by created_at desc, id desc limit bound.most)
                union all
                (select created_at, id from payment
                where account = a.account and review = f.review and status = f.status
                  and (created_at, id) < (f.before, f.before_id) and created_at >= bound.since
                order by created_at desc, id desc limit bound.most)
            ) p
            order by 1 desc, 2 desc
            limit f.page_size
        ) newest
    ) page
    where m.round < 2
), page as (
    select
        p.order_no, p.account, p.status, p.payment_method, p.region, p.amount, p.currency, p.description, p.tenpay_payment_id,
        p.prepay_info, p.paid_at, p.fail_reason, p.review, p.expires_at, p.refunded, p.metadata, p.created_at, p.updated_at,
        k.ordinal, cast(extract(epoch from p.created_at) * 1000000 as bigint) || '-' || p.id || '-payments' as cursor
    from merged m
    cross join unnest(m.id) with ordinality as k (id, ordinal)
    join payment p on p.id = k.id
    where m.round = 2
)
-- As json: to make a page jsonb takes three times as long.
select cast(json_build_object(
    'limit', (select page_size - 1 from filter),
    'payments', coalesce(json_agg(row_to_json(page) order by ordinal), '[]')
) as text) as page
from page
