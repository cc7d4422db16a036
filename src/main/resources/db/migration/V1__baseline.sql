-- The schema of 0.1.0. PostgreSQL 15 or newer. Amounts are minor units of an ISO 4217 currency; times are the database's own clock.
-- docs/tables.md has a picture. A later change is a file of its own with the next number.

-- A time of Tenpay's, or null when there is no such time: RFC 3339, with the offset as ISO 8601 abbreviates it as well
-- (+0800, +08). Nothing of it depends on the database's time zone, date style or locale.
create function moment(text) returns timestamptz language plpgsql immutable as
$$
declare
    part text[] := regexp_match($1, '^([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]|60)(?:[.,]([0-9]{1,30}))?(?:[Zz]|([+-])([01][0-9]|2[0-3])(?::?([0-5][0-9]))?)$');
    offset_minutes integer := coalesce(cast(part[9] as integer), 0) * 60 + coalesce(cast(part[10] as integer), 0);
begin
    return make_timestamp(
            cast(part[1] as integer), cast(part[2] as integer), cast(part[3] as integer),
            cast(part[4] as integer), cast(part[5] as integer), 0) at time zone 'UTC'
        + make_interval(secs => case
            -- A leap second is the first of the next minute, as in Unix time.
            when part[6] = '60' then 60
            else cast(part[6] || '.' || coalesce(part[7], '0') as double precision)
        end)
        - make_interval(mins => case part[8] when '-' then - offset_minutes else offset_minutes end);
exception when others then
    return null;
end
$$;

-- One row for each order. Written before Tenpay is called, so that a crash loses nothing.
create table payment (
    id                      bigint generated always as identity primary key,
    account                 text not null,
    order_no                text not null check (order_no ~ '^[0-9A-Za-z_|*-]{6,32}$'),
    -- Only payment-status.sql changes it; its CTE allowed_move lists the moves.
    status                  text not null default 'CREATED'
                            check (status in ('CREATED', 'PENDING', 'SUCCEEDED', 'FAILED', 'CLOSED', 'EXPIRED')),
    -- Why a person must examine it; null unless one must.
    review                  text check (review in (
                                'LATE_SUCCESS', 'AMOUNT_MISMATCH', 'STATUS_MISMATCH', 'NUMBER_CONFLICT', 'PAYMENT_ID_MISMATCH', 'STUCK')),
    payment_method          text not null,
    region                  text not null,
    amount                  bigint not null check (amount > 0),
    currency                text not null check (currency ~ '^[A-Z]{3}$'),
    -- Of verified successes: more than the amount, where one came late and its amount was given to another refund.
    refunded                bigint not null default 0 constraint payment_refunded check (refunded >= 0),
    description             text not null,
    metadata                jsonb not null default '{}',
    -- The order as the ERP sent it: the measure of "the same order again", and the source of the call to Tenpay.
    content                 jsonb not null,
    -- A repeated call to Tenpay uses the values of the first one, whatever the settings are by then.
    merchant_id             text not null,
    app_id                  text not null,
    method_key              text not null,
    notify_url              text not null,
    expires_at              timestamptz not null,
    -- Tenpay's side.
    tenpay_payment_id       text,
    prepay_info             text,
    paid_at                 timestamptz,
    fail_reason             text,
    -- Whether Tenpay refused the order itself, so that it never was a payment.
    refused                 boolean not null default false,
    -- Tenpay's words when it refused the order; it counts once an inquiry finds no such payment.
    refusal                 text,
    -- Since when an expired order is known to be unknown to Tenpay; it has failed once a second answer agrees.
    absent_at               timestamptz,
    -- Since when Tenpay contradicts what is final here, null once an inquiry made after that agrees with us; and when, asked
    -- again, it upheld that: it is reported once, whatever review stands.
    contradicted_at         timestamptz,
    contradiction_upheld_at timestamptz,
    -- How often checkout-pay was called, but for calls that were never made, and until when one of those may still be under way.
    submits                 integer not null default 1 check (submits >= 0),
    submitted_at            timestamptz not null default now(),
    submitting_until        timestamptz,
    -- When to ask Tenpay next; null once the status is final.
    next_poll_at            timestamptz,
    polls                   integer not null default 0,
    -- When to ask Tenpay once more about what is final; null once both sides are known to agree.
    reconcile_at            timestamptz,
    created_at              timestamptz not null default now(),
    updated_at              timestamptz not null default now(),
    unique (account, order_no),
    constraint payment_success_has_its_time check (status <> 'SUCCEEDED' or paid_at is not null),
    constraint payment_refunded_was_paid check (refunded = 0 or status = 'SUCCEEDED'),
    constraint payment_open_is_polled check (status in ('CREATED', 'PENDING') = (next_poll_at is not null))
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, fillfactor = 85);
-- Here and below: rows that are claimed and updated often are vacuumed before claims wade through dead index entries.

-- What is due is claimed account by account, so that much of one delays no other.
create index payment_due on payment (account, next_poll_at) where next_poll_at is not null;
create index payment_unreconciled on payment (account, reconcile_at) where reconcile_at is not null;
-- Each list is read by an index in the order in which it is shown, whatever its filter: docs/performance-log.md has the plans.
create index payment_newest on payment (account, created_at desc, id desc);
create index payment_status on payment (account, status, created_at desc, id desc);
create index payment_review on payment (account, review, created_at desc, id desc) where review is not null;
create index payment_review_status on payment (account, review, status, created_at desc, id desc) where review is not null;

-- One row for each refund, of this API or taken in from Tenpay.
create table refund (
    id                      bigint generated always as identity primary key,
    payment_id              bigint not null references payment,
    account                 text not null,
    -- PORTAL: made in the merchant portal, or lost from the database by a restore. Its number is not ours to choose, so more
    -- fits; every one can still stand in a path.
    origin                  text not null default 'API' check (origin in ('API', 'PORTAL')),
    refund_no               text not null check (
                                refund_no ~ case origin
                                    when 'API' then '^[0-9A-Za-z_|*-]{6,32}$'
                                    else '^[0-9A-Za-z_|*-][0-9A-Za-z_|*.:@-]{0,63}$' end),
    -- Only refund-status.sql changes it.
    status                  text not null default 'CREATED' check (status in ('CREATED', 'PENDING', 'SUCCEEDED', 'FAILED')),
    review                  text check (review in ('LATE_SUCCESS', 'AMOUNT_MISMATCH', 'STATUS_MISMATCH', 'PAYMENT_ID_MISMATCH', 'STUCK')),
    amount                  bigint not null check (amount > 0),
    currency                text not null check (currency ~ '^[A-Z]{3}$'),
    reason                  text,
    -- A repeated call to Tenpay uses the values of the first one.
    order_no                text not null,
    merchant_id             text not null,
    notify_url              text,
    -- Tenpay's side, as for payments.
    tenpay_refund_id        text,
    refunded_at             timestamptz,
    fail_reason             text,
    refusal                 text,
    contradicted_at         timestamptz,
    contradiction_upheld_at timestamptz,
    submits                 integer not null default 1 check (submits >= 0),
    submitted_at            timestamptz not null default now(),
    submitting_until        timestamptz,
    next_poll_at            timestamptz,
    polls                   integer not null default 0,
    reconcile_at            timestamptz,
    created_at              timestamptz not null default now(),
    updated_at              timestamptz not null default now(),
    unique (account, refund_no),
    constraint refund_notify_url_check check (origin = 'PORTAL' or notify_url is not null),
    constraint refund_success_has_its_time check (status <> 'SUCCEEDED' or refunded_at is not null),
    constraint refund_open_is_polled check (status in ('CREATED', 'PENDING') = (next_poll_at is not null))
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, fillfactor = 85);

create index refund_of_payment on refund (payment_id, id);
create index refund_due on refund (account, next_poll_at) where next_poll_at is not null;
create index refund_unreconciled on refund (account, reconcile_at) where reconcile_at is not null;
-- A result may name a refund by Tenpay's own number alone.
create index refund_tenpay_id on refund (account, tenpay_refund_id) where tenpay_refund_id is not null;

-- Accounts whose new refunds are refused until a person has compared the store with Tenpay.
create table refund_hold (
    account text primary key,
    since   timestamptz not null default now(),
    client  text not null
);

-- What happened to a payment or a refund, in order: every call, notification, poll and change. Never changed.
create table history (
    id            bigint generated always as identity primary key,
    payment_id    bigint not null references payment,
    refund_id     bigint references refund,
    source        text not null,
    outcome       text not null check (outcome in (
                      'STORED', 'CHANGED', 'CONFIRMED', 'IGNORED', 'MISMATCH', 'REFUSED', 'NOT_FOUND', 'NO_RESPONSE')),
    status_before text,
    status_after  text not null,
    detail        text,
    at            timestamptz not null default clock_timestamp()
);

create index history_of_payment on history (payment_id, id);
create index history_of_refund on history (refund_id, id) where refund_id is not null;
-- Here and below, `_age`: rows kept for a time only are deleted by their age.
create index history_age on history (at);

-- A question asked again and answered the same way isn't noted again within an hour: else history grows as often as a client asks.
create function history_repeats() returns trigger language plpgsql as
$$
begin
    if exists (
        select from (
            (select * from history where new.refund_id is null and payment_id = new.payment_id order by id desc limit 200)
            union all
            (select * from history where refund_id = new.refund_id order by id desc limit 200)
        ) h
        where h.at > new.at - interval '1 hour'
          and (h.refund_id, h.source, h.outcome, h.status_before, h.status_after, h.detail)
              is not distinct from (new.refund_id, new.source, new.outcome, new.status_before, new.status_after, new.detail))
    then
        return null;
    end if;
    return new;
end
$$;
create trigger history_repeats before insert on history
    for each row when (new.status_before = new.status_after) execute function history_repeats();

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
    constraint notification_open_is_tried check (state in ('NEW', 'WAITING') = (next_attempt_at is not null))
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, fillfactor = 85);

create index notification_due on notification (account, next_attempt_at) where next_attempt_at is not null;
create index notification_waiting on notification (account, number) where state = 'WAITING';
create index notification_age on notification (received_at) where next_attempt_at is null;

-- Each signature of Tenpay's counts once, for an answer or a notification, whichever account or instance it reaches.
create table used_signature (
    -- SHA-256 of the signed text (timestamp, nonce, body), which no other spelling of the signature changes.
    digest  bytea primary key,
    used_at timestamptz not null default now()
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

create index used_signature_age on used_signature (used_at);

-- Idempotency keys that clients chose to send: which request each was for.
create table idempotency_key (
    client  text not null,
    key     text not null,
    request bytea not null,
    used_at timestamptz not null default now(),
    primary key (client, key)
);

create index idempotency_key_age on idempotency_key (used_at);

-- The outbox. An event is written by the statement that changes a status, so never without it and never missing.
create table erp_event (
    id         bigint generated always as identity primary key,
    event_id   uuid not null default gen_random_uuid() unique,
    account    text not null,
    payment_id bigint not null references payment,
    refund_id  bigint references refund,
    type       text not null,
    data       jsonb not null,
    -- Over all of its destinations, kept by the triggers below, so that lists read it by an index.
    status     text not null default 'PENDING' check (status in ('PENDING', 'DELIVERED', 'DEAD', 'NO_DESTINATION')),
    -- Written while the payment is locked, so that a later event never has an earlier time.
    created_at timestamptz not null default clock_timestamp()
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, fillfactor = 85);

create index erp_event_of_payment on erp_event (payment_id, id);
create index erp_event_newest on erp_event (account, created_at desc, id desc);
create index erp_event_status on erp_event (account, status, created_at desc, id desc);
-- Without a time zone, so that no list is ordered by it: for an account with few events, a plan for any values walked all
-- events by this index.
create index erp_event_age on erp_event ((created_at at time zone 'UTC'));

-- Where an account's events go, as the settings say: written at start. 'http' is its events.url.
create table event_destination (
    account      text not null,
    destination  text not null check (destination in ('http', 'kafka')),
    -- A hash of the address: another one ends a disabling. The address itself may hold a secret.
    address      bytea not null,
    -- Which types of events it wants; null for all of them.
    types        text[],
    -- It answered 410 Gone: nothing is sent until a person acts.
    disabled_at  timestamptz,
    -- It asked us to wait until then.
    paused_until timestamptz,
    -- Kept as long as an instance wants it, which renews this now and then: instances of other settings may be there.
    seen_at      timestamptz not null default now(),
    primary key (account, destination)
);

-- One event for one destination.
create table event_delivery (
    event_id    bigint not null references erp_event on delete cascade,
    destination text not null,
    payment_id  bigint not null,
    account     text not null,
    state       text not null default 'PENDING' check (state in ('PENDING', 'DELIVERED', 'DEAD')),
    attempts    integer not null default 0,
    -- The time of the event, so that deliveries can be read in the order of their events.
    created_at  timestamptz not null default now(),
    finished_at timestamptz,
    primary key (event_id, destination),
    constraint event_delivery_final_is_finished check ((state = 'PENDING') = (finished_at is null))
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, fillfactor = 85);

create index event_delivery_next on event_delivery (payment_id, destination, event_id) where state = 'PENDING';
create index event_delivery_backlog on event_delivery (account, destination, created_at, event_id) where state = 'PENDING';
create index event_delivery_dead on event_delivery (account, destination, created_at, event_id) where state = 'DEAD';

-- The turn of one payment at one destination: its oldest pending event is sent, alone, until it is settled. Everything that
-- changes a turn changes this one row, so that no two statements can disagree about whether something is left to do.
create table event_queue (
    payment_id      bigint not null,
    destination     text not null,
    account         text not null,
    pending         integer not null check (pending >= 0),
    -- When to send next, or until when an instance is sending; null when nothing is pending.
    next_attempt_at timestamptz,
    in_flight       boolean not null default false,
    -- Goes up with each claim: the result of an earlier claim is ignored.
    claim           integer not null default 0,
    -- A retry, or part of a redelivered range: it has a share of an account's slots, and new events go before it.
    deferred        boolean not null default false,
    primary key (payment_id, destination),
    constraint event_queue_pending_has_its_time check ((pending > 0) = (next_attempt_at is not null))
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, fillfactor = 70);

create index event_queue_due on event_queue (destination, account, next_attempt_at) where next_attempt_at is not null;
create index event_queue_busy on event_queue (destination, account) where in_flight;
-- New turns, for the newest first; a turn that is under way has no entry, so that claiming costs none.
create index event_queue_new on event_queue (destination, account, next_attempt_at)
    where next_attempt_at is not null and not deferred and not in_flight;

-- The result of each attempt; never what was sent or answered.
create table event_attempt (
    id          bigint generated always as identity primary key,
    event_id    bigint not null references erp_event on delete cascade,
    destination text not null,
    at          timestamptz not null,
    millis      integer not null,
    -- The HTTP status, where there was one.
    status      integer,
    outcome     text not null check (outcome in ('DELIVERED', 'FAILED', 'GONE')),
    problem     text
);

create index event_attempt_of_event on event_attempt (event_id, id);
create index event_attempt_age on event_attempt (at);

-- An event has its deliveries and its place in the queue by the statement that writes it, whichever that is.
create function erp_event_status() returns trigger language plpgsql as
$$
begin
    if not exists (
        select from event_destination d where d.account = new.account and (d.types is null or new.type = any (d.types)))
    then
        new.status := 'NO_DESTINATION';
    end if;
    return new;
end
$$;
create trigger erp_event_status before insert on erp_event for each row execute function erp_event_status();

create function erp_event_deliver() returns trigger language plpgsql as
$$
begin
    if exists (select from new_event where status = 'PENDING') then
        with delivery as (
            insert into event_delivery (event_id, destination, payment_id, account, created_at)
            select e.id, d.destination, e.payment_id, e.account, e.created_at
            from new_event e
            join event_destination d on d.account = e.account and (d.types is null or e.type = any (d.types))
            returning destination, payment_id, account
        )
        insert into event_queue as q (payment_id, destination, account, pending, next_attempt_at)
        select payment_id, destination, account, count(*), now()
        from delivery
        group by payment_id, destination, account
        -- As event-redeliver.sql does, or the two could wait for each other.
        order by payment_id, destination
        on conflict (payment_id, destination) do update
        set pending = q.pending + excluded.pending,
            next_attempt_at = coalesce(q.next_attempt_at, excluded.next_attempt_at);
    end if;
    return null;
end
$$;
create trigger erp_event_deliver after insert on erp_event
    referencing new table as new_event for each statement execute function erp_event_deliver();

-- Events are locked in the order of their ids, and after the queue: two destinations of one event, and a redelivery, take turns.
-- What is read after the lock is what the others have committed.
create function event_delivery_status() returns trigger language plpgsql as
$$
declare
    -- An array, so that rows are found by their key and never by reading all.
    events bigint[] := array(select distinct event_id from changed);
begin
    perform from erp_event where id = any (events) order by id for no key update;
    update erp_event e
    set status = s.status
    from (
        select event_id, case
            when bool_or(state = 'DEAD') then 'DEAD'
            when bool_or(state = 'PENDING') then 'PENDING'
            else 'DELIVERED' end as status
        from event_delivery
        where event_id = any (events)
        group by event_id) s
    where e.id = s.event_id and e.id = any (events) and e.status <> s.status;
    return null;
end
$$;
create trigger event_delivery_status after update on event_delivery
    referencing new table as changed for each statement execute function event_delivery_status();
-- Not of a new event, whose status is right from the start.
create trigger event_delivery_status_of_new after insert on event_delivery
    referencing new table as changed for each statement when (pg_trigger_depth() = 0) execute function event_delivery_status();

-- Whether nothing is left to do with an event: by what is committed now, which only a volatile function sees, and not by
-- what was when the statement that asks began.
create function event_is_over(bigint) returns boolean language plpgsql volatile as
$$
begin
    return not exists (select from event_delivery where event_id = $1 and state <> 'DELIVERED');
end
$$;

-- Which accounts have work waiting in each queue, and since when it is due: of each account the first, by one step in the
-- index of what is due, however much there is. Asked for one queue, the others are not read.
create view waiting_work (queue, account, since) as
with recursive payments (account, due) as (
    (select account, next_poll_at from payment where next_poll_at is not null order by account, next_poll_at limit 1)
    union all
    select next.* from payments k cross join lateral (
        select t.account, t.next_poll_at from payment t
        where t.next_poll_at is not null and t.account > k.account order by t.account, t.next_poll_at limit 1) next
), refunds (account, due) as (
    (select account, next_poll_at from refund where next_poll_at is not null order by account, next_poll_at limit 1)
    union all
    select next.* from refunds k cross join lateral (
        select t.account, t.next_poll_at from refund t
        where t.next_poll_at is not null and t.account > k.account order by t.account, t.next_poll_at limit 1) next
), final_payments (account, due) as (
    (select account, reconcile_at from payment where reconcile_at is not null order by account, reconcile_at limit 1)
    union all
    select next.* from final_payments k cross join lateral (
        select t.account, t.reconcile_at from payment t
        where t.reconcile_at is not null and t.account > k.account order by t.account, t.reconcile_at limit 1) next
), final_refunds (account, due) as (
    (select account, reconcile_at from refund where reconcile_at is not null order by account, reconcile_at limit 1)
    union all
    select next.* from final_refunds k cross join lateral (
        select t.account, t.reconcile_at from refund t
        where t.reconcile_at is not null and t.account > k.account order by t.account, t.reconcile_at limit 1) next
), notifications (account, due) as (
    (select account, next_attempt_at from notification where next_attempt_at is not null order by account, next_attempt_at limit 1)
    union all
    select next.* from notifications k cross join lateral (
        select t.account, t.next_attempt_at from notification t
        where t.next_attempt_at is not null and t.account > k.account order by t.account, t.next_attempt_at limit 1) next
)
select 'payments', account, due from payments
union all
select 'refunds', account, due from refunds
union all
select 'final_payments', account, due from final_payments
union all
select 'final_refunds', account, due from final_refunds
union all
select 'notifications', account, due from notifications;

-- The accounts of a queue that an instance may claim from: how many rows of each, and due by when. The account with the least
-- in flight comes first; among equals none is always the last one. Instances that know the account come first; rows that
-- none of them took for ten minutes are claimed by any.
create function claimable_accounts(
    queue text, own_accounts text, paused_accounts text, capacities jsonb, default_capacity integer,
    out account text, out capacity integer, out due_by timestamptz) returns setof record language plpgsql rows 10 as
$$
begin
    return query
    select w.account, coalesce(cast(capacities ->> w.account as integer), default_capacity) as free,
        case when w.account = any (string_to_array(own_accounts, ',')) then now() else now() - interval '10 minutes' end
    from waiting_work w
    where w.queue = claimable_accounts.queue and w.account <> all (string_to_array(paused_accounts, ','))
    order by free desc, random();
end
$$;
