-- A time of Tenpay's (RFC 3339), or null when there is no such time: news is never lost for a February 30th. PostgreSQL
-- reads more than that as a time: words, and times without a zone, which could be any.
create or replace function moment(text) returns timestamptz language plpgsql stable as
$$
begin
    if $1 !~ '^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-](0\d|1[0-4]):[0-5]\d)$' then
        return null;
    end if;
    return cast($1 as timestamptz);
exception when others then
    return null;
end
$$;
