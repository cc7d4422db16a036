-- The truth about money. PostgreSQL 15 or newer.
-- Amounts are minor units of an ISO 4217 currency; times are the database's own clock.

create table payment (
    id                bigint generated always as identity primary key,
    account           text not null,
    order_no          text not null check (order_no ~ '^[0-9A-Za-z_|*-]{6,32}$'),
    status            text not null default 'CREATED'
                      check (status in ('CREATED', 'PENDING', 'SUCCEEDED', 'FAILED', 'CLOSED', 'EXPIRED')),
    review            text check (review in ('LATE_SUCCESS', 'AMOUNT_MISMATCH', 'STUCK')),
    payment_method    text not null,
    region            text not null,
    amount            bigint not null check (amount > 0),
    currency          text not null check (currency ~ '^[A-Z]{3}$'),
    refunded          bigint not null default 0 check (refunded between 0 and amount),
    description       text not null,
    metadata          jsonb not null default '{}',
    -- What the ERP ordered: the measure of "the same order again", and the source of the call to Tenpay.
    content           jsonb not null,
    -- What was told to Tenpay once must be told the same way again, whatever the settings say by then.
    merchant_id       text not null,
    app_id            text not null,
    method_key        text not null,
    notify_url        text not null,
    expires_at        timestamptz not null,
    -- Tenpay's side.
    tenpay_payment_id text,
    prepay_info       text,
    paid_at           timestamptz,
    fail_reason       text,
    -- Whether Tenpay refused the order itself, so that it never was a payment.
    refused           boolean not null default false,
    -- How often checkout-pay was called, and until when one of those calls may still be under way.
    submits           integer not null default 1 check (submits > 0),
    submitted_at      timestamptz not null default now(),
    submitting_until  timestamptz,
    -- When to ask Tenpay next; null once the status is final.
    next_poll_at      timestamptz,
    polls             integer not null default 0,
    created_at        timestamptz not null default now(),
    updated_at        timestamptz not null default now(),
    unique (account, order_no),
    check (status <> 'SUCCEEDED' or paid_at is not null),
    check (refunded = 0 or status = 'SUCCEEDED'),
    check (status in ('CREATED', 'PENDING') = (next_poll_at is not null))
);

create index payment_due on payment (next_poll_at) where next_poll_at is not null;
create index payment_newest on payment (account, created_at desc, id desc);
create index payment_review on payment (account, created_at desc, id desc) where review is not null;

create table refund (
    id               bigint generated always as identity primary key,
    payment_id       bigint not null references payment,
    account          text not null,
    refund_no        text not null check (refund_no ~ '^[0-9A-Za-z_|*-]{6,32}$'),
    status           text not null default 'CREATED' check (status in ('CREATED', 'PENDING', 'SUCCEEDED', 'FAILED')),
    review           text check (review in ('LATE_SUCCESS', 'AMOUNT_MISMATCH', 'STUCK')),
    amount           bigint not null check (amount > 0),
    currency         text not null check (currency ~ '^[A-Z]{3}$'),
    reason           text,
    notify_url       text not null,
    tenpay_refund_id text,
    refunded_at      timestamptz,
    fail_reason      text,
    submits          integer not null default 1 check (submits > 0),
    submitted_at     timestamptz not null default now(),
    submitting_until timestamptz,
    next_poll_at     timestamptz,
    polls            integer not null default 0,
    created_at       timestamptz not null default now(),
    updated_at       timestamptz not null default now(),
    unique (account, refund_no),
    check (status <> 'SUCCEEDED' or refunded_at is not null),
    check (status in ('CREATED', 'PENDING') = (next_poll_at is not null))
);

create index refund_of_payment on refund (payment_id, id);
create index refund_due on refund (next_poll_at) where next_poll_at is not null;

-- What happened to a payment or a refund, in order: every call, notification, poll and change. Never changed.
create table history (
    id            bigint generated always as identity primary key,
    payment_id    bigint not null references payment,
    refund_id     bigint references refund,
    source        text not null,
    outcome       text not null
                  check (outcome in ('STORED', 'MOVED', 'CONFIRMED', 'IGNORED', 'MISMATCH', 'REFUSED', 'ABSENT', 'NO_ANSWER')),
    status_before text,
    status_after  text not null,
    detail        text,
    at            timestamptz not null default clock_timestamp()
);

create index history_of_payment on history (payment_id, id);

-- Tenpay's notifications, verified, as they came: stored once, before they are acknowledged.
create table notification (
    id              bigint generated always as identity primary key,
    account         text not null,
    kind            text not null check (kind in ('payments', 'refunds')),
    body            bytea not null,
    body_hash       bytea not null generated always as (sha256(body)) stored,
    state           text not null default 'NEW' check (state in ('NEW', 'WAITING', 'DONE', 'GIVEN_UP')),
    -- Known once the notification was read and its order was not there yet.
    number          text,
    problem         text,
    attempts        integer not null default 1,
    next_attempt_at timestamptz,
    received_at     timestamptz not null default now(),
    -- The same bytes are the same notification, signed anew or replayed. Its id alone would not do: that it is never
    -- used twice is an assumption, and what is dropped here is lost.
    unique (account, kind, body_hash),
    check (state in ('NEW', 'WAITING') = (next_attempt_at is not null))
);

create index notification_due on notification (next_attempt_at) where next_attempt_at is not null;
create index notification_waiting on notification (account, number) where state = 'WAITING';

-- What the ERP is to be told: written by the statement that changes a status, so never without it and never missing.
create table erp_event (
    id              bigint generated always as identity primary key,
    event_id        uuid not null default gen_random_uuid() unique,
    account         text not null,
    payment_id      bigint not null references payment,
    refund_id       bigint references refund,
    type            text not null,
    data            jsonb not null,
    state           text not null default 'NEW' check (state in ('NEW', 'DELIVERED', 'DEAD')),
    attempts        integer not null default 0,
    next_attempt_at timestamptz default now(),
    created_at      timestamptz not null default now(),
    check ((state = 'NEW') = (next_attempt_at is not null))
);

create index erp_event_due on erp_event (next_attempt_at) where next_attempt_at is not null;
create index erp_event_of_payment on erp_event (payment_id, id);

-- A time of Tenpay's, or null when there is no such time: news is never lost for a February 30th.
create function moment(text) returns timestamptz language plpgsql stable as
$$
begin
    return cast($1 as timestamptz);
exception when others then
    return null;
end
$$;

-- Rows that are claimed and updated often: vacuum them before claims wade through dead index entries.
alter table payment set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, fillfactor = 85);
alter table refund set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, fillfactor = 85);
alter table notification set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, fillfactor = 85);
alter table erp_event set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, fillfactor = 85);
