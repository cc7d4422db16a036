-- The history of one payment, oldest first.
select cast(coalesce(jsonb_agg(to_jsonb(h) order by h.id), '[]') as text) as history
from history h
where h.payment_id = cast(:#${variable.paymentKey} as bigint)
