-- Payments of a hundred accounts, of which `main` has half, an event each and its delivery. None of them FAILED, none in
-- review but a few of a year ago; the newest of a7 are still open, and its receiver is away.
set synchronous_commit = off;
-- The indexes are made at the end: that is many times as fast.
set session_replication_role = replica;
create temp table made_later as
    select pg_get_indexdef(indexrelid) as definition, cast(cast(indexrelid as regclass) as text) as name
    from pg_index i join pg_class c on c.oid = i.indexrelid
    where c.relnamespace = cast('public' as regnamespace)
      and not exists (select from pg_constraint where conindid = indexrelid);
do $$ declare i record; begin for i in select * from made_later loop execute 'drop index ' || i.name; end loop; end $$;
insert into event_destination (account, destination, address)
    select 'a' || n, 'http', cast('' as bytea) from generate_series(1, 99) n union all select 'main', 'http', '';
insert into payment (account, order_no, status, review, payment_method, region, amount, currency, description, content,
    merchant_id, app_id, method_key, notify_url, expires_at, paid_at, next_poll_at, created_at, metadata, tenpay_payment_id, review_since)
select account, 'SO-2026-' || lpad(cast(n as text), 9, '0'), status,
    case when n % 100000 = 4 then 'LATE_SUCCESS' end, 'PAYNOW', 'SG', 1050, 'SGD', '2 x latte', '{"orderNo": "SO"}',
    '2480000001', 'wx0123456789abcdef', 'PAYNOW', 'https://erp.example.com/webhooks/tenpay/payments', now(),
    case when status = 'SUCCEEDED' then now() - n * interval '3 s' + interval '1 min' end, case when status = 'PENDING' then now() + interval '1 d' end,
    now() - n * interval '3 s', case when n % 10 = 0 then jsonb_build_object('shop', cast(n % 1000 as text)) else '{}' end, '42' || n,
    case when n % 100000 = 4 then now() - n * interval '3 s' end
from generate_series(1, :payments) n
cross join lateral (select case when n % 2 = 0 then 'main' else 'a' || n % 99 + 1 end as account) a
cross join lateral (select case when account = 'a7' and n < 200000 then 'PENDING' when n % 50 = 3 then 'EXPIRED' else 'SUCCEEDED' end as status) s;
insert into payment_term (account, term, created_at, payment_id)
select account, payment_term_hash('paymentId', tenpay_payment_id), created_at, id from payment
union all
select account, payment_term_hash('metadata.shop', metadata ->> 'shop'), created_at, id from payment where metadata <> '{}';
insert into erp_event (account, payment_id, type, data, created_at, status)
select account, id, 'payment.succeeded', '{"status": "SUCCEEDED"}', created_at, case
    when id % 100000 = 6 then 'NO_DESTINATION'
    when account = 'a7' and created_at > now() - interval '7 d' then 'PENDING'
    when id % 50000 = 3 then 'DEAD' else 'DELIVERED' end from payment order by created_at;
insert into event_delivery (event_id, destination, payment_id, account, state, attempts, created_at, finished_at)
select id, 'http', payment_id, account, s.state, 1, created_at, case when s.state <> 'PENDING' then created_at end
from erp_event cross join lateral (select status as state) s
where status <> 'NO_DESTINATION';
insert into event_queue (payment_id, destination, account, pending, next_attempt_at)
select payment_id, 'http', account, case when state = 'PENDING' then 1 else 0 end, case when state = 'PENDING' then now() - interval '1 h' end
from event_delivery;
-- One payment that was asked about and refunded without end.
insert into history (payment_id, source, outcome, status_before, status_after)
select (select id from payment where account = 'main' order by created_at limit 1), 'inquiry-payment', 'CONFIRMED', 'SUCCEEDED', 'SUCCEEDED'
from generate_series(1, 150000);
insert into refund (payment_id, account, refund_no, order_no, merchant_id, status, amount, currency, notify_url, refunded_at)
select p.id, p.account, 'RF-2026-' || n, p.order_no, p.merchant_id, 'SUCCEEDED', 1, 'SGD', 'u', now()
from (select * from payment where account = 'main' order by created_at limit 1) p cross join generate_series(1, 20000) n;
insert into event_attempt (event_id, destination, at, millis, outcome)
select (select id from erp_event where account = 'main' order by created_at limit 1), 'http', now(), 5, 'FAILED' from generate_series(1, 20000);
do $$ declare i record; begin for i in select * from made_later loop execute i.definition; end loop; end $$;
