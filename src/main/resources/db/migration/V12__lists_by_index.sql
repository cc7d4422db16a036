-- Each list is read by an index in the order in which it is shown, whatever its filter: docs/performance.md has the plans.
create index payment_status on payment (account, status, created_at desc, id desc);

drop index payment_review;
create index payment_review on payment (account, review, created_at desc, id desc) where review is not null;
create index payment_review_status on payment (account, review, status, created_at desc, id desc) where review is not null;

-- The time of the event, as V7 did for those that were not delivered then.
update event_delivery d
set created_at = e.created_at
from erp_event e
where e.id = d.event_id and d.created_at <> e.created_at;
create index event_delivery_delivered on event_delivery (account, destination, created_at, event_id) where state = 'DELIVERED';

-- What is asked again and answered the same way isn't noted again within an hour: else history grows as often as a client asks.
create index history_of_refund on history (refund_id, id) where refund_id is not null;
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
