-- What outcome REFUND of a payment's review pays back: all that is left, under a number that belongs to this review.
select cast(jsonb_build_object(
    'open', review is not null,
    'refundNo', 'RV-' || id || '-' || cast(extract(epoch from review_since) * 1000 as bigint),
    'left', amount > refunded,
    'amount', jsonb_build_object('total', amount - refunded, 'currency', currency),
    'reason', left(cast(:#${variable.reviewNote} as text), 80)) as text) as refund
from payment
where id = cast(:#${variable.paymentRowId} as bigint)
