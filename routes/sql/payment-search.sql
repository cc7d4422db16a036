-- A page of payments by any filters, newest first: one index finds them, the other filters are held to a bounded number of rows.
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
        -- One bound: the cursor, or the end of the range where that comes first.
        least(cursor_at, case path when 'paid' then paid_to else created_to end) as before,
        case when cursor_at < case path when 'paid' then paid_to else created_to end then cursor_id else 0 end as before_id,
        greatest(8, 500 / greatest(cardinality(accounts), 1)) as most,
        -- Of what a prefix or a term finds in one account: as many as all accounts together may have.
        greatest(8, 500 / greatest(cardinality(accounts), 1)) as most_found,
        payment_term_hash(
            case when tenpay_id is null then 'metadata.' || metadata_key else 'paymentId' end, coalesce(tenpay_id, metadata_value)) as term
    from filter f
), read as materialized (
    select e.*
    from range f
    cross join unnest(f.accounts) as a (account)
    cross join lateral (
        select at, id, row_number() over () as ordinal
        from (
            (select created_at as at, id from payment
            where f.path = 'created' and account = a.account
              and (created_at, id) < (f.before, f.before_id) and created_at >= f.since
            order by created_at desc, id desc limit f.most)
            union all
            (select created_at, id from payment
            where f.path = 'status' and account = a.account and status = f.status
              and (created_at, id) < (f.before, f.before_id) and created_at >= f.since
            order by created_at desc, id desc limit f.most)
            union all
            (select created_at, id from payment
            where f.path = 'review' and account = a.account and review is not null
              and (created_at, id) < (f.before, f.before_id) and created_at >= f.since
            order by created_at desc, id desc limit f.most)
            union all
            (select paid_at, id from payment
            where f.path = 'paid' and account = a.account and paid_at is not null
              and (paid_at, id) < (f.before, f.before_id) and paid_at >= f.since
            order by paid_at desc, id desc limit f.most)
            union all
            (select created_at, payment_id from payment_term
            where f.path = 'term' and account = a.account and term = f.term
              and (created_at, payment_id) < (f.before, f.before_id) and created_at >= f.since
            order by created_at desc, payment_id desc limit f.most)
            union all
            (select created_at, id from payment
            where f.path = 'prefix' and account = a.account and order_no >= f.prefix and order_no < f.prefix || '~'
            order by order_no limit f.most_found + 1)
            union all
            (select p.created_at, p.id
            from (
                select payment_id from refund
                where f.path = 'refund' and account = a.account and tenpay_refund_id = f.refund_id
                order by id limit 100) r
            join payment p on p.id = r.payment_id)
        ) one
    ) e
), complete as (
    -- Where an account has read all that it may, the page ends there, however few it shows.
    select r.at, r.id from read r cross join range f where f.path not in ('prefix', 'refund') and r.ordinal = f.most order by r.at desc, r.id desc limit 1
), page as (
    select
        p.order_no, p.account, p.status, p.payment_method, p.region, p.amount, p.currency, p.description, p.tenpay_payment_id,
        p.prepay_info, p.paid_at, p.fail_reason, p.review, p.review_resolution, p.expires_at, p.refunded, p.metadata, p.created_at, p.updated_at,
        r.at, r.id, cast(extract(epoch from r.at) * 1000000 as bigint) || '-' || r.id || '-payments' as cursor
    from range f
    cross join (select distinct at, id from read) r
    -- Each by its key: a plan may not read all of them to find some.
    cross join lateral (select * from payment where id = r.id limit 1) p
    where (r.at, r.id) < (f.before, f.before_id)
      and (r.at, r.id) >= all (select at, id from complete)
      and (f.status is null or p.status = f.status)
      and (f.review is null or p.review = f.review or (f.review = 'any' and p.review is not null))
      and (f.payment_method is null or p.payment_method = f.payment_method)
      and (f.currency is null or p.currency = f.currency)
      and p.amount between f.amount_from and f.amount_to
      and (f.prefix is null or starts_with(p.order_no, f.prefix))
      and (f.tenpay_id is null or p.tenpay_payment_id = f.tenpay_id)
      and (f.metadata_key is null or p.metadata ->> f.metadata_key = f.metadata_value)
      and p.created_at >= f.created_from and p.created_at < f.created_to
      and (f.paid_from = '-infinity' or p.paid_at >= f.paid_from) and (f.paid_to = 'infinity' or p.paid_at < f.paid_to)
      and (f.refund_id is null or exists (select from refund x where x.payment_id = p.id and x.tenpay_refund_id = f.refund_id))
    order by r.at desc, r.id desc
    limit (select page_size from range)
)
select cast(json_build_object(
    'limit', (select page_size - 1 from range),
    'resume', (select cast(extract(epoch from at) * 1000000 as bigint) || '-' || id || '-payments' from complete),
    'too_many', exists (select from read r cross join range f where f.path = 'prefix' and r.ordinal > f.most_found),
    'payments', coalesce(json_agg(row_to_json(page) order by at desc, id desc), '[]')
) as text) as page
from page
