-- One payment of the caller's accounts; where two of them use the number, the account named first.
select cast(to_jsonb(p) as text) as payment
from payment p
where p.order_no = :#${variable.orderNo}
  and p.account = any (string_to_array(:#${variable.accounts}, ','))
order by array_position(string_to_array(:#${variable.accounts}, ','), p.account)
limit 1
