-- One refund of the caller's accounts; where two of them use the number, the account named first.
select cast(to_jsonb(r) as text) as refund
from refund r
where r.refund_no = :#${variable.refundNo}
  and r.account = any (string_to_array(:#${variable.accounts}, ','))
order by array_position(string_to_array(:#${variable.accounts}, ','), r.account)
limit 1
