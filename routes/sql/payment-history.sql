-- A page of the history of one payment and its refunds, oldest first: one row more than asked for tells whether there is another page.
with page as (
    select h.id, h.id || '-history' as cursor, h.at, h.source, r.refund_no, h.outcome, h.status_before, h.status_after, h.detail, h.request_id, h.tenpay_request_id
    from history h
    left join refund r on r.id = h.refund_id
    where h.payment_id = cast(:#${variable.paymentRowId} as bigint)
      and h.id > coalesce(cast(split_part(cast(:#${variable.cursor} as text), '-', 1) as bigint), 0)
    order by h.id
    limit coalesce(cast(:#${variable.limit} as integer), 50) + 1
)
select cast(json_build_object(
    'limit', coalesce(cast(:#${variable.limit} as integer), 50),
    'history', coalesce(json_agg(row_to_json(page) order by id), '[]')
) as text) as page
from page
