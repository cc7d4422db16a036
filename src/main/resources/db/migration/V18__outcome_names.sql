-- The outcomes of history and the status of an event without a destination, under the names that the API shows.
alter table history drop constraint history_outcome_check;
update history
set outcome = case outcome when 'MOVED' then 'CHANGED' when 'ABSENT' then 'NOT_FOUND' else 'NO_RESPONSE' end
where outcome in ('MOVED', 'ABSENT', 'NO_ANSWER');
alter table history add constraint history_outcome_check
    check (outcome in ('STORED', 'CHANGED', 'CONFIRMED', 'IGNORED', 'MISMATCH', 'REFUSED', 'NOT_FOUND', 'NO_RESPONSE'));

create or replace function event_status(bigint) returns text language plpgsql stable as
$$
begin
    return (
        select case
            when bool_or(state = 'DEAD') then 'DEAD'
            when bool_or(state = 'PENDING') then 'PENDING'
            when bool_or(true) then 'DELIVERED'
            else 'NO_DESTINATION'
        end
        from event_delivery
        where event_id = $1);
end
$$;
