-- The same order number again: says whether it is the same order, and takes the lease to call checkout-pay once more.
with given as (
    select *
    from jsonb_to_record(cast(:#${variable.order} as jsonb)) as g ("orderNo" text, content jsonb)
), locked as (
    select p.*, p.content = g.content as same
    from payment p
    join given g on g."orderNo" = p.order_no
    where p.account = any (string_to_array(:#${variable.accounts}, ','))
    order by array_position(string_to_array(:#${variable.accounts}, ','), p.account)
    limit 1
    for update of p
), submitted as (
    update payment p
    set submits = p.submits + 1,
        submitted_at = now(),
        submitting_until = now() + cast(:#${properties:tenpay.poll.submit-lease} as interval),
        updated_at = now()
    from locked h
    where p.id = h.id
      and h.same
      and h.status in ('CREATED', 'PENDING')
      and h.prepay_info is null
      and now() < h.expires_at
      -- A refused one is asked about first.
      and h.refusal is null
      and (h.submitting_until is null or h.submitting_until < now())
    returning p.*
)
select cast(
    coalesce(to_jsonb(s), to_jsonb(h))
        || jsonb_build_object('outcome', case when not h.same then 'CONFLICT' when s.id is null then 'SAME' else 'SUBMIT' end)
    as text) as payment
from locked h
left join submitted s on true
