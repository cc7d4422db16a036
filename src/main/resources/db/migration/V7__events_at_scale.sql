-- A destination is kept as long as an instance wants it, which says so now and then: instances of other settings may be there.
alter table event_destination add column seen_at timestamptz not null default now();

-- Whether anybody was to be told of an event: else what nobody was told of could be found only by looking at all events.
alter table erp_event add column addressed boolean not null default true;
update erp_event e set addressed = false where not exists (select from event_delivery d where d.event_id = e.id);
create index erp_event_unaddressed on erp_event (account, created_at desc, id desc) where not addressed;

-- The time of the event, from now on, so that deliveries can be read in the order of their events.
update event_delivery d
set created_at = e.created_at
from erp_event e
where e.id = d.event_id and d.state <> 'DELIVERED' and d.created_at <> e.created_at;
drop index event_delivery_backlog, event_delivery_dead;
create index event_delivery_backlog on event_delivery (account, destination, created_at, event_id) where state = 'PENDING';
create index event_delivery_dead on event_delivery (account, destination, created_at, event_id) where state = 'DEAD';

-- One event's state over all of its destinations. Not in SQL: its plan would be made anew for each row of a list.
create function event_status(bigint) returns text language plpgsql stable as
$$
begin
    return (
        select case
            when bool_or(state = 'DEAD') then 'DEAD'
            when bool_or(state = 'PENDING') then 'PENDING'
            when bool_or(true) then 'DELIVERED'
            else 'UNADDRESSED'
        end
        from event_delivery
        where event_id = $1);
end
$$;

-- Whether nothing is left to do with an event: by what is committed now, which only a volatile function sees, and not by
-- what was when the statement that asks began.
create function event_is_over(bigint) returns boolean language plpgsql volatile as
$$
begin
    return not exists (select from event_delivery where event_id = $1 and state <> 'DELIVERED');
end
$$;
