-- A page of refunds by any filters, newest first: one index finds them, the other filters are held to a bounded number of rows.
with filter as materialized (
    select
        string_to_array(:#${variable.accounts}, ',') as accounts,
        cast(:#${variable.searchPath} as text) as path,
        cast(:#${variable.status} as text) as status,
        cast(:#${variable.review} as text) as review,
        cast(:#${variable.paymentMethod} as text) as payment_method,
        cast(:#${variable.currency} as text) as currency,
        coalesce(cast(:#${variable.amountFrom} as bigint), 0) as amount_from,
        coalesce(cast(:#${variable.amountTo} as bigint), 9223372036854775807) as amount_to,
        cast(:#${variable.orderNoPrefix} as text) collate "C" as prefix,
        cast(:#${variable.paymentId} as text) as tenpay_id,
        cast(:#${variable.refundId} as text) as refund_id,
        cast(:#${variable.metadataKey} as text) as metadata_key,
        cast(:#${variable.metadataValue} as text) as metadata_value,
        coalesce(cast(:#${variable.createdFrom} as timestamptz), '-infinity') as created_from,
        coalesce(cast(:#${variable.createdTo} as timestamptz), 'infinity') as created_to,
        coalesce(cast(:#${variable.paidFrom} as timestamptz), '-infinity') as paid_from,
        coalesce(cast(:#${variable.paidTo} as timestamptz), 'infinity') as paid_to,
        timestamptz '1970-01-01 00:00:00+00'
            + cast(split_part(cast(:#${variable.cursor} as text), '-', 1) as bigint) * interval '1 microsecond' as cursor_at,
        cast(split_part(cast(:#${variable.cursor} as text), '-', 2) as bigint) as cursor_id,
        coalesce(cast(:#${variable.limit} as integer), 50) + 1 as page_size
), range as materialized (
    select f.*,
        case path when 'paid' then paid_from else created_from end as since,
        least(cursor_at, case path when 'paid' then paid_to else created_to end) as before,
        case when cursor_at < case path when 'paid' then paid_to else created_to end then cursor_id else 0 end as before_id,
        greatest(8, 500 / greatest(cardinality(accounts) * case path when 'created' then 4 else 1 end, 1)) as most,
        -- Of what a prefix or a term finds in one account: as many as all accounts together may have.
        greatest(8, 500 / greatest(cardinality(accounts), 1)) as most_found,
        -- Each status has its part of one index: no other can be mistaken for it by a plan that expects them all alike.
        case path when 'status' then array[status] when 'created' then array['CREATED', 'PENDING', 'SUCCEEDED', 'FAILED'] else array[''] end
            as statuses,
        payment_term_hash(
            case when tenpay_id is null then 'metadata.' || metadata_key else 'paymentId' end, coalesce(tenpay_id, metadata_value)) as term
    from filter f
), read as materialized (
    select e.*
    from range f
    cross join unnest(f.accounts) as a (account)
    cross join unnest(f.statuses) as s (status)
    cross join lateral (
        select at, id, ordinal, kind = 'payment' as of_payment
        from (
            select at, id, kind, row_number() over () as ordinal
            from (
                (select created_at as at, id, 'refund' as kind from refund
                where f.path in ('created', 'status') and account = a.account and status = s.status
                  and (created_at, id) < (f.before, f.before_id) and created_at >= f.since
                order by created_at desc, id desc limit f.most)
                union all
                (select created_at, id, 'refund' from refund
                where f.path = 'review' and account = a.account and review is not null
                  and (created_at, id) < (f.before, f.before_id) and created_at >= f.since
                order by created_at desc, id desc limit f.most)
                union all
                (select refunded_at, id, 'refund' from refund
                where f.path = 'paid' and account = a.account and refunded_at is not null
                  and (refunded_at, id) < (f.before, f.before_id) and refunded_at >= f.since
                order by refunded_at desc, id desc limit f.most)
                union all
                (select created_at, id, 'refund' from refund
                where f.path = 'refund' and account = a.account and tenpay_refund_id = f.refund_id
                order by id limit 100)
                union all
                -- The refunds of the payments that are found; of more than five hundred, the page says so.
                (select created_at, payment_id, 'payment' from payment_term
                where f.path = 'term' and account = a.account and term = f.term
                order by created_at desc, payment_id desc limit f.most_found + 1)
                union all
                (select created_at, id, 'payment' from payment
                where f.path = 'prefix' and account = a.account and order_no >= f.prefix and order_no < f.prefix || '~'
                order by order_no limit f.most_found + 1)
            ) one
        ) numbered
    ) e
), of_payments as materialized (
    select x.created_at as at, x.id
    from read d
    cross join lateral (
        -- By the pair, or a plan could walk all refunds in the order of their ids.
        select created_at, id from refund
        where (payment_id, id) >= (d.id, 0) and (payment_id, id) < (d.id + 1, 0)
        order by payment_id, id limit 501) x
    where d.of_payment
    limit 501
), found as (
    select at, id from read where not of_payment
    union
    select at, id from of_payments
), complete as (
    select r.at, r.id from read r cross join range f
    where f.path in ('created', 'status', 'review', 'paid') and r.ordinal = f.most
    order by r.at desc, r.id desc limit 1
), page as (
    select r.*, n.at, cast(extract(epoch from n.at) * 1000000 as bigint) || '-' || n.id || '-refundlist' as cursor
    from range f
    cross join found n
    -- Each by its key: a plan may not read all of them to find some.
    cross join lateral (select * from refund where id = n.id limit 1) r
    cross join lateral (select payment_method, tenpay_payment_id, metadata from payment where id = r.payment_id limit 1) p
    where (n.at, n.id) < (f.before, f.before_id)
      and (n.at, n.id) >= all (select at, id from complete)
      and (f.status is null or r.status = f.status)
      and (f.review is null or r.review = f.review or (f.review = 'any' and r.review is not null))
      and (f.payment_method is null or p.payment_method = f.payment_method)
      and (f.currency is null or r.currency = f.currency)
      and r.amount between f.amount_from and f.amount_to
      and (f.prefix is null or starts_with(r.order_no, f.prefix))
      and (f.tenpay_id is null or p.tenpay_payment_id = f.tenpay_id)
      and (f.refund_id is null or r.tenpay_refund_id = f.refund_id)
      and (f.metadata_key is null or p.metadata ->> f.metadata_key = f.metadata_value)
      and r.created_at >= f.created_from and r.created_at < f.created_to
      and (f.paid_from = '-infinity' or r.refunded_at >= f.paid_from) and (f.paid_to = 'infinity' or r.refunded_at < f.paid_to)
    order by n.at desc, n.id desc
    limit (select page_size from range)
)
select cast(json_build_object(
    'limit', (select page_size - 1 from range),
    'resume', (select cast(extract(epoch from at) * 1000000 as bigint) || '-' || id || '-refundlist' from complete),
    'too_many', exists (select from read r cross join range f where r.of_payment and r.ordinal > f.most_found) or (select count(*) from of_payments) > 500,
    'refunds', coalesce(json_agg(row_to_json(page) order by at desc, id desc), '[]')
) as text) as page
from page
