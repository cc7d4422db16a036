create table if not exists orders (
    id             bigint generated always as identity primary key,
    order_no       text not null unique,
    status         text not null default 'CREATED',
    payment_method text not null,
    region         text not null,
    amount         bigint not null,
    currency       text not null,
    description    text not null,
    payment_id     text,
    prepay_info    text,
    paid_at        timestamptz,
    next_poll_at   timestamptz default now() + interval '20 s',
    created_at     timestamptz not null default now(),
    updated_at     timestamptz not null default now()
);

create index if not exists orders_due on orders (next_poll_at) where next_poll_at is not null;

create table if not exists notifications (
    id          text primary key,
    body        text not null,
    received_at timestamptz not null default now()
);
