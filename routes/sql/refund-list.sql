-- A page of the refunds of one payment, oldest first: one row more than asked for tells whether there is another page.
with page as (
    select r.*, r.id || '-refunds' as cursor
    from refund r
    where r.payment_id = cast(:#${variable.paymentRowId} as bigint)
      and r.id > coalesce(cast(split_part(cast(:#${variable.cursor} as text), '-', 1) as bigint), 0)
    order by r.id
    limit coalesce(cast(:#${variable.limit} as integer), 50) + 1
)
select cast(json_build_object(
    'limit', coalesce(cast(:#${variable.limit} as integer), 50),
    'refunds', coalesce(json_agg(row_to_json(page) order by id), '[]')
) as text) as page
from page
