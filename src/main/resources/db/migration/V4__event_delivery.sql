-- What happened stays in erp_event; to whom it must be told, and how far that has come, is below.
alter table erp_event
    drop column state,
    drop column attempts,
    drop column next_attempt_at,
    -- Written while the payment is held, so that a later event never has an earlier time.
    alter column created_at set default clock_timestamp();

create index erp_event_newest on erp_event (account, created_at desc, id desc);
create index erp_event_age on erp_event (created_at);

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
    created_at  timestamptz not null default now(),
    finished_at timestamptz,
    primary key (event_id, destination),
    check ((state = 'PENDING') = (finished_at is null))
);

create index event_delivery_next on event_delivery (payment_id, destination, event_id) where state = 'PENDING';
create index event_delivery_backlog on event_delivery (account, destination, created_at) where state = 'PENDING';
create index event_delivery_dead on event_delivery (account, event_id) where state = 'DEAD';

-- The turn of one payment at one destination: its oldest pending event is sent, alone, until it is settled. Everything that
-- changes a turn changes this one row, so that no two statements can disagree about whether something is left to do.
create table event_queue (
    payment_id      bigint not null,
    destination     text not null,
    account         text not null,
    pending         integer not null check (pending >= 0),
    -- When to send next, or until when somebody is sending; null when nothing is pending.
    next_attempt_at timestamptz,
    in_flight       boolean not null default false,
    -- Goes up with each claim: what an earlier claimer comes to say is not heard.
    claim           integer not null default 0,
    primary key (payment_id, destination),
    check ((pending > 0) = (next_attempt_at is not null))
);

create index event_queue_due on event_queue (destination, account, next_attempt_at) where next_attempt_at is not null;
create index event_queue_busy on event_queue (destination, account) where in_flight;

-- What came of each attempt; never what was sent or answered.
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

alter table event_delivery set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, fillfactor = 85);
alter table event_queue set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, fillfactor = 70);
