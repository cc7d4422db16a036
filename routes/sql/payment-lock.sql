-- Locks a payment while one of its refunds is decided: the next statement then sees every refund decided before.
select id
from payment
where id = cast(:#${variable.paymentRowId} as bigint)
for update
