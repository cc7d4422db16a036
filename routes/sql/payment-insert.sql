-- Stores new payments before Tenpay is called, so that a crash loses nothing; no row comes back for a number that is taken.
with given as (
    -- The arrays in queries of their own, or PostgreSQL plans anew each time for as many elements as there are.
    select distinct on (g."orderNo") o.ordinal, string_to_array(o.accounts, ',') as accounts, g.*
    from unnest(
            (select cast(:#${variable.order} as text[])),
            (select cast(:#${variable.accounts} as text[]))) with ordinality as o (content, accounts, ordinal)
    cross join lateral jsonb_to_record(cast(o.content as jsonb)) as g (
        account text, "orderNo" text, "paymentMethod" text, "methodKey" text, region text, total bigint, currency text,
        description text, "validitySeconds" integer, metadata jsonb, content jsonb,
        "merchantId" text, "appId" text, "notifyUrl" text, "requestId" text, traceparent text)
    order by g."orderNo", o.ordinal
), stored as (
    insert into payment (
        account, order_no, payment_method, method_key, region, amount, currency, description, metadata, content,
        merchant_id, app_id, notify_url, expires_at, submitting_until, next_poll_at, traceparent)
    select
        account, "orderNo", "paymentMethod", "methodKey", region, total, currency, description, metadata, content,
        "merchantId", "appId", "notifyUrl",
        date_trunc('second', now()) + make_interval(secs => "validitySeconds"),
        now() + cast(:#${properties:tenpay.poll.submit-lease} as interval),
        now() + cast(:#${properties:tenpay.poll.first-delay} as interval), traceparent
    from given
    -- Without its account named, a number means the order that has it, whichever account is the default by now.
    where not exists (
        select from payment p
        where p.order_no = given."orderNo" and p.account = any (given.accounts))
    on conflict (account, order_no) do nothing
    returning *
), history_rows as (
    insert into history (payment_id, source, outcome, status_after, request_id)
    select s.id, 'order', 'STORED', s.status, g."requestId"
    from stored s
    join given g on g."orderNo" = s.order_no
), rescheduled as (
    -- Its notification may have come first.
    update notification n set next_attempt_at = now()
    from stored s
    where n.state = 'WAITING' and n.account = s.account and n.kind = 'payments' and n.number = s.order_no
)
select g.ordinal, cast(to_jsonb(s) || jsonb_build_object('outcome', 'NEW') as text) as result
from stored s
join given g on g."orderNo" = s.order_no
