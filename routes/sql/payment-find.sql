-- One payment of the caller's accounts, and whether another of them uses the number too.
select cast(to_jsonb(p) || jsonb_build_object('ambiguous', count(*) over () > 1) as text) as payment
from payment p
where p.order_no = :#${variable.orderNo}
  and p.account = any (string_to_array(:#${variable.accounts}, ','))
limit 1
