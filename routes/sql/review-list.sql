-- A page of what a person must decide, payments and refunds together, oldest first, by keyset: one row more tells of another page.
with filter as materialized (
    select
        string_to_array(:#${variable.accounts}, ',') as accounts,
        coalesce(
            timestamptz '1970-01-01 00:00:00+00'
                + cast(split_part(cast(:#${variable.cursor} as text), '-', 1) as bigint) * interval '1 microsecond',
            timestamptz '-infinity') as since,
        coalesce(split_part(cast(:#${variable.cursor} as text), '-', 2), '') as kind,
        coalesce(cast(split_part(cast(:#${variable.cursor} as text), '-', 3) as bigint), 0) as id,
        coalesce(cast(:#${variable.limit} as integer), 50) + 1 as page_size
), listed as materialized (
    select o.review_since, o.kind, o.id
    from filter f
    cross join unnest(f.accounts) as a (account)
    cross join lateral (
        -- Of one time, payments come first: the kinds are in the order of the alphabet.
        (select review_since, 'payment' as kind, id from payment
        where account = a.account and review is not null
          and (review_since, id) >= (f.since, case f.kind when 'payment' then f.id + 1 when 'refund' then 9223372036854775807 else 0 end)
        order by review_since, id limit f.page_size)
        union all
        (select review_since, 'refund', id from refund
        where account = a.account and review is not null
          and (review_since, id) >= (f.since, case f.kind when 'refund' then f.id + 1 else 0 end)
        order by review_since, id limit f.page_size)
    ) o
    order by 1, 2, 3
    limit (select page_size from filter)
), page as (
    select l.review_since, l.kind, l.id, p.account, p.order_no, r.refund_no,
        case l.kind when 'refund' then r.review else p.review end as review,
        case l.kind when 'refund' then r.review_theirs else p.review_theirs end as theirs,
        case l.kind when 'refund' then r.status else p.status end as status,
        case l.kind when 'refund' then r.amount else p.amount end as amount,
        case l.kind when 'refund' then r.currency else p.currency end as currency,
        case l.kind when 'refund' then r.tenpay_refund_id else p.tenpay_payment_id end as tenpay_id,
        -- A number that is no whole one, or too large, is in the history's detail alone.
        case when coalesce(case l.kind when 'refund' then r.review_theirs else p.review_theirs end ->> 'total', '') ~ '^[0-9]{1,15}$'
            then cast(case l.kind when 'refund' then r.review_theirs else p.review_theirs end ->> 'total' as bigint) end as theirs_total,
        case when l.kind = 'payment' and p.status = 'SUCCEEDED' and p.refunded < p.amount
            then array['KEEP', 'ASK_AGAIN', 'REFUND'] else array['KEEP', 'ASK_AGAIN'] end as actions,
        cast(extract(epoch from l.review_since) * 1000000 as bigint) || '-' || l.kind || '-' || l.id || '-reviews' as cursor
    from listed l
    left join refund r on l.kind = 'refund' and r.id = l.id
    join payment p on p.id = case l.kind when 'refund' then r.payment_id else l.id end
)
select cast(json_build_object(
    'limit', (select page_size - 1 from filter),
    'reviews', coalesce(json_agg(row_to_json(page) order by review_since, kind, id), '[]')
) as text) as page
from page
