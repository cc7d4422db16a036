-- Stores a new payment before anybody is called, so that a crash loses nothing; no row comes back when the number is taken.
with given as (
    select *
    from jsonb_to_record(cast(:#${variable.order} as jsonb)) as g (
        account text, "orderNo" text, "paymentMethod" text, "methodKey" text, region text, total bigint, currency text,
        description text, "validitySeconds" integer, metadata jsonb, content jsonb,
        "merchantId" text, "appId" text, "notifyUrl" text)
), callers as materialized (
    -- Apart, or PostgreSQL takes what it may contain for a reason to plan the statement anew for every order.
    select string_to_array(:#${variable.accounts}, ',') as accounts
), stored as (
    insert into payment (
        account, order_no, payment_method, method_key, region, amount, currency, description, metadata, content,
        merchant_id, app_id, notify_url, expires_at, submitting_until, next_poll_at)
    select
        account, "orderNo", "paymentMethod", "methodKey", region, total, currency, description, metadata, content,
        "merchantId", "appId", "notifyUrl",
        date_trunc('second', now()) + make_interval(secs => "validitySeconds"),
        now() + cast(:#${properties:tenpay.poll.submit-lease} as interval),
        now() + cast(:#${properties:tenpay.poll.first-delay} as interval)
    from given
    cross join callers
    -- Without its account named, a number means the order that has it, whichever account is the default by now.
    where not exists (
        select from payment p
        where p.order_no = given."orderNo" and p.account = any (callers.accounts))
    on conflict (account, order_no) do nothing
    returning *
), noted as (
    insert into history (payment_id, source, outcome, status_after)
    select id, 'order', 'STORED', status from stored
), woken as (
    -- Its notification may have come first.
    update notification n set next_attempt_at = now()
    from stored s
    where n.state = 'WAITING' and n.account = s.account and n.kind = 'payments' and n.number = s.order_no
)
select cast(to_jsonb(s) || jsonb_build_object('verdict', 'NEW') as text) as payment
from stored s
