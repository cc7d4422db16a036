-- A time of Tenpay's (RFC 3339), or null when there is no such time: news is never lost for a February 30th. PostgreSQL
-- reads more than that as a time: words, 24 o'clock, and times without a zone, which could be any.
create or replace function moment(text) returns timestamptz language plpgsql stable as
$$
begin
    if $1 !~ '^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])$' then
        return null;
    end if;
    return cast($1 as timestamptz);
exception when others then
    return null;
end
$$;
