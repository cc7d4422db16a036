-- One event's state over all of its destinations, kept by the triggers below, so that lists read it by an index.
alter table erp_event add column status text not null default 'PENDING'
    check (status in ('PENDING', 'DELIVERED', 'DEAD', 'NO_DESTINATION'));
update erp_event set status = event_status(id) where status <> event_status(id);
create index erp_event_status on erp_event (account, status, created_at desc, id desc);

drop index erp_event_unaddressed, event_delivery_delivered;
alter table erp_event drop column addressed;
drop function event_status(bigint);

-- The outbox: an event has its deliveries and its place in the queue by the statement that writes it, whichever that is.
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
