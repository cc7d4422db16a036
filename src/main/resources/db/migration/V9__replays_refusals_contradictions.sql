-- Each signature of Tenpay's counts once, for an answer or a notification, whichever account or instance it reaches.
create table used_signature (
    -- SHA-256 of the signed text (timestamp, nonce, body), which no other spelling of the signature changes.
    digest  bytea primary key,
    used_at timestamptz not null default now()
);

create index used_signature_age on used_signature (used_at);
alter table used_signature set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

alter table payment
    -- Tenpay's words when it refused the order; it counts once an inquiry finds no such payment.
    add column refusal text,
    -- Since when an expired order is known to be unknown to Tenpay; it has failed once a second answer agrees.
    add column absent_at timestamptz,
    -- Since when Tenpay contradicts what is final here; null once an inquiry made after that agrees with us.
    add column contradicted_at timestamptz,
    drop constraint payment_review_check,
    add constraint payment_review_check check (review in (
        'LATE_SUCCESS', 'AMOUNT_MISMATCH', 'STATUS_MISMATCH', 'NUMBER_CONFLICT', 'PAYMENT_ID_MISMATCH', 'STUCK'));
alter table refund
    add column contradicted_at timestamptz,
    drop constraint refund_review_check,
    add constraint refund_review_check check (review in (
        'LATE_SUCCESS', 'AMOUNT_MISMATCH', 'STATUS_MISMATCH', 'PAYMENT_ID_MISMATCH', 'STUCK'));

-- A time of Tenpay's, or null when there is no such time: RFC 3339, with the offset as ISO 8601 abbreviates it as well
-- (+0800, +08). Nothing of it depends on the database's time zone, date style or locale.
create or replace function moment(text) returns timestamptz language plpgsql immutable as
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
