-- Takes due events, the oldest of each payment, in one statement, so that any number of instances may send them.
with busy as (
    -- Under way anywhere; what a dead instance left behind is over by its time.
    select account, count(*) as events
    from event_queue
    where destination = :#${variable.destination} and in_flight and next_attempt_at > now()
    group by account
), open as (
    select d.account, cast(:#${variable.perAccount} as integer) - coalesce(b.events, 0) as free
    from event_destination d
    left join busy b on b.account = d.account
    where d.destination = :#${variable.destination}
      and d.account = any (string_to_array(:#${variable.eventAccounts}, ','))
      and d.disabled_at is null
      and (d.paused_until is null or d.paused_until <= now())
    -- Where there isn't room for all, no account is always the last one.
    order by random()
), due as (
    -- Each account has its own few: however much one of them has to say, it is not in another's way.
    select q.payment_id
    from open o
    cross join lateral (
        select payment_id
        from event_queue
        where destination = :#${variable.destination} and account = o.account and next_attempt_at <= now()
        order by next_attempt_at
        limit greatest(o.free, 0)
        for update skip locked
    ) q
    limit cast(:#${variable.room} as integer)
), claimed as (
    update event_queue q
    set in_flight = true,
        claim = q.claim + 1,
        next_attempt_at = now() + cast(:#${properties:tenpay.events.lease} as interval)
    from due
    where q.payment_id = due.payment_id and q.destination = :#${variable.destination}
    returning q.payment_id, q.claim
)
select cast(jsonb_build_object(
    'event', e.id, 'id', e.event_id, 'type', e.type, 'at', e.created_at, 'account', e.account, 'orderNo', p.order_no,
    'claim', c.claim, 'data', e.data) as text) as event
from claimed c
join payment p on p.id = c.payment_id
cross join lateral (
    select event_id
    from event_delivery
    where payment_id = c.payment_id and destination = :#${variable.destination} and state = 'PENDING'
    order by event_id
    limit 1
) first
join erp_event e on e.id = first.event_id
