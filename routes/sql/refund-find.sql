-- One refund of the caller's accounts, and whether another of them uses the number too.
select cast(to_jsonb(r) || jsonb_build_object('ambiguous', count(*) over () > 1) as text) as refund
from refund r
where r.refund_no = :#${variable.refundNo}
  and r.account = any (string_to_array(:#${variable.accounts}, ','))
limit 1
