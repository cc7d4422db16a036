-- What people did in the console: written when it begins, and its outcome when it has ended.
create table console_audit (
    id         bigint generated always as identity primary key,
    at         timestamptz not null default now(),
    -- As the login has it; of a failed one what was typed, cut.
    person     text not null,
    act        text not null,
    account    text,
    -- The number or id that it was about.
    subject    text,
    address    text not null,
    -- DONE, or the code of the problem; null while it is under way, and where an instance died meanwhile.
    outcome    text,
    request_id text,
    -- The number of the form: one that is sent twice does nothing the second time.
    form       text,
    unique (person, form)
);

create index console_audit_age on console_audit (at);
