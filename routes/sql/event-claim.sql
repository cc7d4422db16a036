-- Claims due events, the oldest of each payment, in one statement, so that any number of instances may send them.
with busy as (
    -- Under way anywhere; leases of crashed instances expire.
    select account, count(*) as events
    from event_queue
    where destination = :#${variable.destination} and in_flight and next_attempt_at > now()
    group by account
), own as (
    select *
    from unnest(
        string_to_array(:#${variable.eventAccounts}, ','),
        string_to_array(:#${variable.eventAddresses}, ',')) as o (account, address)
), open as (
    select d.account, least(
        cast(:#${variable.perAccount} as integer) - coalesce(b.events, 0), cast(:#${variable.capacity} as integer)) as free
    from event_destination d
    -- Only to an instance that sends to the address in force: with two addresses, one of them would answer for the other.
    join own o on o.account = d.account and decode(o.address, 'hex') = d.address
    left join busy b on b.account = d.account
    where d.destination = :#${variable.destination}
      and d.disabled_at is null
      and (d.paused_until is null or d.paused_until <= now())
    -- Where there isn't room for all, no account is always the last one.
    order by random()
), shared as (
    -- A quarter of an account's slots is for what waits longest; of a single slot, one turn in four.
    select account, free, free - cast(floor(free / 4.0 + random()) as integer) as for_new
    from open
    where free > 0
), due as materialized (
    -- Each account has a share of its own: many events of one delay no other.
    select q.payment_id
    from shared s
    cross join lateral (
        select payment_id
        from (
            select payment_id
            from event_queue
            where destination = :#${variable.destination} and account = s.account and next_attempt_at <= now()
              and not deferred and not in_flight
            order by next_attempt_at desc
            limit s.for_new
            for update skip locked
        ) newest
        union all
        -- A row may be in both, and is claimed once: a short queue's newest are its oldest.
        select payment_id
        from (
            select payment_id
            from event_queue
            where destination = :#${variable.destination} and account = s.account and next_attempt_at <= now()
            order by next_attempt_at
            limit s.free
            for update skip locked
        ) oldest
        limit s.free
    ) q
    limit cast(:#${variable.capacity} as integer)
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
    'claim', c.claim, 'requestId', e.request_id, 'traceparent', e.traceparent, 'data', e.data) as text) as event
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
