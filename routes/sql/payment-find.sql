-- One payment of the caller's accounts, and whether another of them uses the number too.
-- The accounts stand apart, or PostgreSQL plans the statement anew for every call.
with callers as materialized (
    select string_to_array(:#${variable.accounts}, ',') as accounts
)
select cast(to_jsonb(p) || jsonb_build_object('ambiguous', count(*) over () > 1) as text) as payment
from payment p
cross join callers
where p.order_no = :#${variable.orderNo}
  and p.account = any (callers.accounts)
limit 1
