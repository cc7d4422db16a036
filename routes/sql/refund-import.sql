-- Imports a refund that Tenpay has and the store doesn't, made in the merchant portal or lost by a restore; else its outcome says why not.
with result as (
    select *
    from jsonb_to_record(cast(:#${variable.tenpayResult} as jsonb)) as n (
        source text, "resultCode" text, "merchantId" text, "orderNo" text, "refundNo" text, "refundId" text, total text, currency text,
        signature text, "requestId" text, "tenpayRequestId" text)
), locked as (
    -- As when a refund is decided: the ERP may post the same number at this moment.
    select p.id, p.account, p.order_no, p.merchant_id, p.status, n.source, n."merchantId", n."refundNo", n."refundId", n.total, n.currency,
        decode(n.signature, 'hex') as digest
    from payment p
    join result n on n."orderNo" = p.order_no
    where p.account = :#${variable.account}
      and n."resultCode" = 'STATUS'
      and n."refundNo" = :#${variable.number}
    for update of p
), evaluated as (
    select *,
        case
            when exists (select from used_signature s where s.digest = l.digest) then 'its signature was used before'
            when exists (select from refund r where r.account = l.account and r.tenpay_refund_id = l."refundId") then 'KNOWN'
            when "merchantId" is distinct from merchant_id then 'it names another merchant id than its order has'
            when status <> 'SUCCEEDED' then format('its order is %s here; Tenpay is asked about the order now', status)
            when (total ~ '^[1-9][0-9]{0,17}$' and currency ~ '^[A-Z]{3}$') is not true
                then 'it names no amount; POST /v1/refunds/{refundNo}/sync asks Tenpay for it'
            when exists (
                select
                from refund r
                where r.payment_id = l.id
                  and case
                      -- What has failed, and stays so, got none.
                      when l."refundNo" = l."refundId" then r.tenpay_refund_id is null
                          and (r.status <> 'FAILED' or r.reconcile_at is not null)
                      else l."refundId" is null and r.refund_no = r.tenpay_refund_id
                  end)
                then 'it lacks out_refund_no or refund_id, and may be a refund that the store has'
            else 'IMPORTED'
        end as outcome
    from locked l
), expedited as (
    -- A refunded payment was paid, whatever is known here.
    update payment p
    set next_poll_at = case when p.status in ('CREATED', 'PENDING') then now() end,
        reconcile_at = case when p.status in ('CREATED', 'PENDING') then p.reconcile_at else now() end
    from evaluated e
    where p.id = e.id
      and e.status <> 'SUCCEEDED'
      and e."merchantId" = e.merchant_id
), stored as (
    insert into refund (
        payment_id, account, refund_no, order_no, merchant_id, amount, currency, tenpay_refund_id, origin, submits, next_poll_at)
    select
        id, account, "refundNo", order_no, merchant_id, cast(total as bigint), currency, "refundId", 'PORTAL', 0,
        now() + cast(:#${properties:tenpay.poll.first-delay} as interval)
    from evaluated
    where outcome = 'IMPORTED'
    on conflict (account, refund_no) do nothing
    returning *
), history_rows as (
    insert into history (payment_id, refund_id, source, outcome, status_after, request_id, tenpay_request_id)
    select s.payment_id, s.id, n.source, 'STORED', s.status, n."requestId", n."tenpayRequestId"
    from stored s
    cross join result n
), used as (
    -- An answer that brings nothing in has been used; of one that does, refund-status uses the signature.
    insert into used_signature (digest)
    select decode(signature, 'hex')
    from result
    where signature is not null
      and source <> 'notification'
      and not exists (select from evaluated where outcome in ('IMPORTED', 'KNOWN'))
    on conflict do nothing
)
select outcome
from evaluated
