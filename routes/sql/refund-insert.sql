-- Decides on a new refund while its payment is locked, and stores it before Tenpay is called; the outcome says why not.
with given as (
    select *
    from jsonb_to_record(cast(:#${variable.refund} as jsonb)) as g (
        payment bigint, "refundNo" text, total bigint, currency text, reason text, "notifyUrl" text, rules jsonb, "requestId" text)
), locked as (
    select p.id, p.account, p.order_no, p.merchant_id, p.status, p.paid_at, p.currency as paid_currency,
        g."refundNo", g.total, g.currency, g.reason, g."notifyUrl", g.rules ->> 'method' as method,
        cast(g.rules ->> 'windowDays' as integer) as window_days,
        cast(g.rules ->> 'min' as bigint) as smallest,
        cast(g.rules ->> 'max' as bigint) as largest,
        -- What isn't known to have failed keeps its amount; so does one that Tenpay contradicts. In another currency,
        -- which only the portal can, it may be all of it.
        p.amount - coalesce((select sum(case r.currency when p.currency then r.amount else p.amount end) from refund r where r.payment_id = p.id and (r.status <> 'FAILED' or r.review in ('STATUS_MISMATCH', 'AMOUNT_MISMATCH', 'PAYMENT_ID_MISMATCH') or r.contradicted_at is not null)), 0) as rest,
        exists (select from refund r where r.account = p.account and r.refund_no = g."refundNo") as known,
        cast(:#${variable.refundsOnHold} as boolean) is true or exists (select from refund_hold f where f.account = p.account) as on_hold
    from payment p
    join given g on g.payment = p.id
), evaluated as (
    select *,
        case
            when known then 'KNOWN'
            when on_hold then 'REFUNDS_ON_HOLD'
            when status <> 'SUCCEEDED' then 'PAYMENT_NOT_PAID'
            when currency <> paid_currency then 'CURRENCY_NOT_SUPPORTED'
            when total not between coalesce(smallest, total) and coalesce(largest, total) then 'AMOUNT_OUT_OF_RANGE'
            when now() > paid_at + make_interval(days => window_days) then 'REFUND_WINDOW_PASSED'
            when total > rest then 'REFUND_EXCEEDS_PAYMENT'
            else 'NEW'
        end as outcome
    from locked
), stored as (
    insert into refund (
        payment_id, account, refund_no, order_no, merchant_id, amount, currency, reason, notify_url,
        submitting_until, next_poll_at)
    select
        id, account, "refundNo", order_no, merchant_id, total, currency, reason, "notifyUrl",
        now() + cast(:#${properties:tenpay.poll.submit-lease} as interval),
        now() + cast(:#${properties:tenpay.poll.first-delay} as interval)
    from evaluated
    where outcome = 'NEW'
    -- Another payment's refund may take the same number at this moment.
    on conflict (account, refund_no) do nothing
    returning *
), history_rows as (
    insert into history (payment_id, refund_id, source, outcome, status_after, request_id)
    select payment_id, id, 'refund-request', 'STORED', status, (select "requestId" from given) from stored
), rescheduled as (
    -- Its notification may have come first.
    update notification n set next_attempt_at = now()
    from stored s
    where n.state = 'WAITING' and n.account = s.account and n.kind = 'refunds' and n.number = s.refund_no
)
select cast(
    coalesce(to_jsonb(s), '{}') || jsonb_build_object(
        'outcome', case when j.outcome = 'NEW' and s.id is null then 'KNOWN' else j.outcome end,
        'payment_method', j.method,
        'detail', case j.outcome
            when 'PAYMENT_NOT_PAID' then format('only a SUCCEEDED payment can be refunded, and this one is %s', j.status)
            when 'CURRENCY_NOT_SUPPORTED' then format('a refund is in the currency of its payment, %s, but amount.currency is %s', j.paid_currency, j.currency)
            when 'AMOUNT_OUT_OF_RANGE' then format('%s refunds %s to %s %s in minor units, but amount.total is %s', j.method, j.smallest, j.largest, j.currency, j.total)
            when 'REFUND_WINDOW_PASSED' then format('%s can be refunded for %s days, but this was paid on %s', j.method, j.window_days, to_char(j.paid_at, 'YYYY-MM-DD'))
            when 'REFUND_EXCEEDS_PAYMENT' then format('at most %s %s in minor units may still be refunded, but amount.total is %s', greatest(j.rest, 0), j.currency, j.total)
        end)
    as text) as refund
from evaluated j
left join stored s on true
