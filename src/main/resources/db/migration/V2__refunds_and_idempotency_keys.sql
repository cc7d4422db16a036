-- Refunds: what was told to Tenpay once is kept in the row and told the same way again, as for payments.
alter table refund
    add column order_no text not null,
    add column merchant_id text not null,
    -- Tenpay's words when it refused a call of this refund: final at once only for the first call.
    add column refusal text;

-- A verified success is recorded even when it comes late, after its amount was given to another refund.
alter table payment
    drop constraint payment_check,
    add constraint payment_refunded check (refunded >= 0);

-- Idempotency keys that clients chose to send: which request each was for.
create table idempotency_key (
    client  text not null,
    key     text not null,
    request bytea not null,
    used_at timestamptz not null default now(),
    primary key (client, key)
);

create index idempotency_key_age on idempotency_key (used_at);
