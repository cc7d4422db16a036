-- Has events sent again: one of the caller's, or those of a range that were settled before it asked, some at a time.
with chosen as (
    select e.id
    from erp_event e
    where e.event_id = cast(:#${variable.eventKey} as uuid)
      and e.account = any (string_to_array(:#${variable.accounts}, ','))
    union all
    (
        select e.id
        from erp_event e
        where cast(:#${variable.eventKey} as uuid) is null
          and e.account = any (string_to_array(:#${variable.accounts}, ','))
          and e.created_at >= cast(:#${variable.createdFrom} as timestamptz)
          and e.created_at < cast(:#${variable.createdTo} as timestamptz)
          and exists (
              select from event_destination t
              left join event_delivery d on d.event_id = e.id and d.destination = t.destination
              where t.account = e.account
                and (t.types is null or e.type = any (t.types))
                -- Repeated as it is, the request repeats nothing: what it had sent again was settled later, or isn't yet.
                and (d.event_id is null or d.finished_at < cast(:#${variable.settledBefore} as timestamptz))
                and (cast(:#${variable.status} as text) is null
                    or :#${variable.status} = coalesce(d.state, 'UNADDRESSED')))
        order by e.created_at, e.id
        limit 1001
    )
), picked as (
    -- Held, so that none of them is forgotten meanwhile; what was forgotten just before is gone from here as well.
    select e.id, e.account, e.payment_id, e.type, e.created_at
    from (select * from chosen limit 1000) c
    join erp_event e on e.id = c.id
    order by e.id
    for no key update of e
), turns as (
    -- As whoever records attempts does: first the turn, then the delivery.
    select q.payment_id from event_queue q where q.payment_id in (select payment_id from picked) order by q.payment_id, q.destination for update
), again as (
    insert into event_delivery as d (event_id, destination, payment_id, account, created_at)
    select s.id, t.destination, s.payment_id, s.account, s.created_at
    from picked s
    join event_destination t on t.account = s.account
    left join event_delivery o on o.event_id = s.id and o.destination = t.destination
    where (select count(*) from turns) >= 0
      -- A range is sent again to whom it was asked for, and to nobody who never wanted it.
      and (cast(:#${variable.eventKey} as uuid) is not null
          or ((t.types is null or s.type = any (t.types))
              and (cast(:#${variable.status} as text) is null or :#${variable.status} = coalesce(o.state, 'UNADDRESSED'))))
    order by s.id, t.destination
    on conflict (event_id, destination) do update
    set state = 'PENDING', attempts = 0, finished_at = null
    where d.state <> 'PENDING'
      and (cast(:#${variable.status} as text) is null or d.state = :#${variable.status})
      and (cast(:#${variable.settledBefore} as timestamptz) is null or d.finished_at < cast(:#${variable.settledBefore} as timestamptz))
    returning event_id, destination, payment_id, account
), queued as (
    -- A range waits for its turn behind new events; one that a person asks for doesn't.
    insert into event_queue as q (payment_id, destination, account, pending, next_attempt_at, deferred)
    select payment_id, destination, account, count(*), now(), cast(:#${variable.eventKey} as uuid) is null
    from again
    group by payment_id, destination, account
    order by payment_id, destination
    on conflict (payment_id, destination) do update
    set pending = q.pending + excluded.pending,
        deferred = excluded.deferred and (q.deferred or q.pending = 0),
        next_attempt_at = case when q.in_flight then q.next_attempt_at else now() end
), hurried as (
    -- One that waits for its next attempt need not wait for it.
    update event_queue q
    set next_attempt_at = now(), deferred = false
    from picked s
    where cast(:#${variable.eventKey} as uuid) is not null
      and q.payment_id = s.payment_id
      and q.pending > 0
      and not q.in_flight
      and not exists (select from again a where a.payment_id = q.payment_id and a.destination = q.destination)
    returning q.account, q.destination
), known as (
    update erp_event e
    set addressed = true
    where e.id in (select event_id from again) and not e.addressed
), addresses as (
    -- Only those that are sent something, in the order of their keys, so that no two instances wait for each other.
    select t.account, t.destination
    from event_destination t
    where (t.account, t.destination) in (
            select account, destination from again
            union all
            select account, destination from hurried)
      and (t.disabled_at is not null or t.paused_until is not null)
    order by t.account, t.destination
    for update
), enabled as (
    update event_destination t
    set disabled_at = null, paused_until = null
    from addresses a
    where t.account = a.account and t.destination = a.destination
)
select cast(jsonb_build_object(
    'redelivered', (select count(distinct event_id) from again),
    'more', (select count(*) from chosen) > 1000,
    'addressed', exists (select from event_destination t where t.account in (select account from picked))) as text) as result
