-- Locks the payment that a result of an unknown refund names: the next statement then sees every refund that was stored before.
select id
from payment
where account = :#${variable.account}
  and order_no = cast(:#${variable.tenpayResult} as jsonb) ->> 'orderNo'
for update
