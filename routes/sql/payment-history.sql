-- The history of one payment and its refunds, oldest first.
select cast(coalesce(jsonb_agg(to_jsonb(h) || jsonb_build_object('refund_no', r.refund_no) order by h.id), '[]') as text) as history
from history h
left join refund r on r.id = h.refund_id
where h.payment_id = cast(:#${variable.paymentKey} as bigint)
