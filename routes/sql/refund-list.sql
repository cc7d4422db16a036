-- The refunds of one payment, oldest first.
select cast(coalesce(jsonb_agg(to_jsonb(r) order by r.id), '[]') as text) as refunds
from refund r
where r.payment_id = cast(:#${variable.paymentKey} as bigint)
