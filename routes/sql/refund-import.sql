-- Takes in a refund that Tenpay has and the store doesn't, made in the merchant portal or lost by a restore; or says why not.
with news as (
    select *
    from jsonb_to_record(cast(:#${variable.news} as jsonb)) as n (
        source text, answer text, "merchantId" text, "orderNo" text, "refundNo" text, total text, currency text)
    where n.answer = 'STATUS'
      and n."refundNo" = :#${variable.number}
), locked as (
    -- As when a refund is decided: the ERP may post the same number at this moment.
    select p.id, p.account, p.order_no, p.merchant_id, p.status, n.source, n."merchantId", n."refundNo", n.total, n.currency
    from payment p
    join news n on n."orderNo" = p.order_no
    where p.account = :#${variable.account}
    for update of p
), evaluated as (
    select *,
        case
            when "merchantId" is distinct from merchant_id then 'it names another merchant id than its order has'
            when status <> 'SUCCEEDED' then format('its order is %s here; Tenpay is asked about the order now', status)
            when (total ~ '^[1-9][0-9]{0,17}$' and currency ~ '^[A-Z]{3}$') is not true
                then 'it names no amount; POST /v1/refunds/{refundNo}/sync asks Tenpay for it'
        end as problem
    from locked
), expedited as (
    -- What is refunded was paid, whatever is known here.
    update payment p
    set next_poll_at = case when p.status in ('CREATED', 'PENDING') then now() end,
        reconcile_at = case when p.status in ('CREATED', 'PENDING') then p.reconcile_at else now() end
    from evaluated e
    where p.id = e.id
      and e.status <> 'SUCCEEDED'
      and e."merchantId" = e.merchant_id
), stored as (
    insert into refund (
        payment_id, account, refund_no, order_no, merchant_id, amount, currency, origin, submits, next_poll_at)
    select
        id, account, "refundNo", order_no, merchant_id, cast(total as bigint), currency, 'PORTAL', 0,
        now() + cast(:#${properties:tenpay.poll.first-delay} as interval)
    from evaluated
    where problem is null
    on conflict (account, refund_no) do nothing
    returning *
), history_rows as (
    insert into history (payment_id, refund_id, source, outcome, status_after)
    select s.payment_id, s.id, e.source, 'STORED', s.status
    from stored s
    cross join evaluated e
)
select coalesce(problem, 'IMPORTED') as verdict
from evaluated
