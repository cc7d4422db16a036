-- The same refund number again: says whether it is the same refund, and takes the lease to call refund once more.
with given as (
    select *
    from jsonb_to_record(cast(:#${variable.refund} as jsonb)) as g (
        payment bigint, "refundNo" text, total bigint, currency text, reason text)
), locked as (
    select r.*,
        (r.payment_id, r.amount, r.currency) = (g.payment, g.total, g.currency)
            -- Of an imported refund no reason is known.
            and (r.origin = 'PORTAL' or r.reason is not distinct from g.reason) as same
    from refund r
    join given g on g."refundNo" = r.refund_no
    where r.account = :#${variable.account}
    for update of r
), submitted as (
    update refund r
    set submits = r.submits + 1,
        submitted_at = now(),
        submitting_until = now() + cast(:#${properties:tenpay.poll.submit-lease} as interval),
        updated_at = now()
    from locked h
    where r.id = h.id
      and h.same
      and h.status = 'CREATED'
      -- A refused one is asked about first.
      and h.refusal is null
      and h.origin = 'API'
      and cast(:#${variable.refundsOnHold} as boolean) is not true
      and not exists (select from refund_hold f where f.account = h.account)
      and (h.submitting_until is null or h.submitting_until < now())
    returning r.*
)
select cast(
    coalesce(to_jsonb(s), to_jsonb(h))
        || jsonb_build_object('outcome', case when not h.same then 'CONFLICT' when s.id is null then 'SAME' else 'SUBMIT' end)
    as text) as refund
from locked h
left join submitted s on true
