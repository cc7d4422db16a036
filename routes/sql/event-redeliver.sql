-- Has events sent again: one of the caller's, or those of a range that were settled before it asked, some at a time.
with range as materialized (
    select
        string_to_array(:#${variable.accounts}, ',') as accounts,
        cast(:#${variable.createdFrom} as timestamptz) as created_from,
        cast(:#${variable.createdTo} as timestamptz) as created_to,
        cast(:#${variable.settledBefore} as timestamptz) as settled_before,
        cast(:#${variable.status} as text) as status,
        coalesce(
            timestamptz '1970-01-01 00:00:00+00'
                + cast(split_part(cast(:#${variable.cursor} as text), '-', 1) as bigint) * interval '1 microsecond',
            timestamptz '-infinity') as after,
        coalesce(cast(split_part(cast(:#${variable.cursor} as text), '-', 2) as bigint), 0) as after_id,
        -- How many each destination reads: 50000 in all, or 100 each of very many.
        greatest(100, 50000 / (1 + (
            select count(*) from event_destination
            where account = any (string_to_array(:#${variable.accounts}, ','))))) as most
    where cast(:#${variable.eventRowId} as uuid) is null
), read as materialized (
    select e.*
    from range r
    join event_destination t on t.account = any (r.accounts)
    cross join lateral (
        select id, created_at, row_number() over () as ordinal,
            -- Repeated as it is, the request repeats nothing: what it had sent again was settled later, or isn't yet.
            (finished_at is null or finished_at < r.settled_before)
                and (t.types is null or (select type from erp_event where id = one.id) = any (t.types)) as eligible
        from (
            (select d.event_id as id, d.created_at, d.finished_at
            from event_delivery d
            where r.status = 'DEAD' and d.account = t.account and d.destination = t.destination and d.state = 'DEAD'
              and (d.created_at, d.event_id) > (r.after, r.after_id)
              and d.created_at >= r.created_from and d.created_at < r.created_to
            order by d.created_at, d.event_id limit r.most)
            union all
            (select e.id, e.created_at,
                -- Null where it was never sent there, which is not meant by DELIVERED; never before any time while it is
                -- pending, or where only the unsent are meant.
                case
                    when d.event_id is null then case when r.status = 'DELIVERED' then timestamptz 'infinity' end
                    when r.status is null or r.status = d.state then coalesce(d.finished_at, 'infinity')
                    else 'infinity'
                end
            from erp_event e
            left join event_delivery d on d.event_id = e.id and d.destination = t.destination
            where r.status is distinct from 'DEAD' and e.account = t.account
              and (e.created_at, e.id) > (r.after, r.after_id)
              and e.created_at >= r.created_from and e.created_at < r.created_to
            order by e.created_at, e.id limit r.most)
        ) one
    ) e
), complete as (
    -- Where a destination has read all that it may, the portion ends there, however few it sends again.
    select e.created_at, e.id from read e cross join range r where e.ordinal = r.most order by e.created_at, e.id limit 1
), eligible as materialized (
    select distinct created_at, id
    from read
    where eligible and (created_at, id) <= all (select created_at, id from complete)
    order by created_at, id
    limit 1001
), portion as materialized (
    select created_at, id from eligible order by created_at, id limit 1000
), rest as (
    select cast(extract(epoch from created_at) * 1000000 as bigint) || '-' || id || '-redelivery' as cursor
    from (
        (select created_at, id from portion where (select count(*) from eligible) > 1000 order by created_at desc, id desc limit 1)
        union all
        (select created_at, id from complete where (select count(*) from eligible) <= 1000)
    ) last
), chosen as (
    select e.id
    from erp_event e
    where e.event_id = cast(:#${variable.eventRowId} as uuid)
      and e.account = any (string_to_array(:#${variable.accounts}, ','))
    union all
    select id from portion
), locked_queue as (
    -- First the queue, then events and deliveries, as event-record.sql does.
    select q.payment_id
    from event_queue q
    where q.payment_id in (select e.payment_id from erp_event e where e.id in (select id from chosen))
    order by q.payment_id, q.destination
    for update
), picked as (
    -- Locked, so that none of them is purged meanwhile; those purged just before are gone from here as well.
    select e.id, e.account, e.payment_id, e.type, e.created_at
    from chosen c
    join erp_event e on e.id = c.id
    where (select count(*) from locked_queue) >= 0
    order by e.id
    for no key update of e
), again as (
    insert into event_delivery as d (event_id, destination, payment_id, account, created_at)
    select s.id, t.destination, s.payment_id, s.account, s.created_at
    from picked s
    join event_destination t on t.account = s.account
    left join event_delivery o on o.event_id = s.id and o.destination = t.destination
    -- A range is sent again to the destinations it was asked for, and to none that doesn't want its type.
    where (cast(:#${variable.eventRowId} as uuid) is not null
        or ((t.types is null or s.type = any (t.types))
            and (cast(:#${variable.status} as text) is null or :#${variable.status} = coalesce(o.state, 'NO_DESTINATION'))))
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
    select payment_id, destination, account, count(*), now(), cast(:#${variable.eventRowId} as uuid) is null
    from again
    group by payment_id, destination, account
    order by payment_id, destination
    on conflict (payment_id, destination) do update
    set pending = q.pending + excluded.pending,
        deferred = excluded.deferred and (q.deferred or q.pending = 0),
        next_attempt_at = case when q.in_flight then q.next_attempt_at else now() end
), expedited as (
    -- One that waits for its next attempt need not wait for it.
    update event_queue q
    set next_attempt_at = now(), deferred = false
    from picked s
    where cast(:#${variable.eventRowId} as uuid) is not null
      and q.payment_id = s.payment_id
      and q.pending > 0
      and not q.in_flight
      and not exists (select from again a where a.payment_id = q.payment_id and a.destination = q.destination)
    returning q.account, q.destination
), trimmed as (
    -- An event redelivered over and over keeps its last attempts. Sorted by an expression: by the key alone, a plan would walk
    -- the attempts of all events.
    delete from event_attempt a
    using picked s
    where a.event_id = s.id
      and a.id <= (select id from event_attempt where event_id = s.id order by id + 0 desc offset 100 limit 1)
), addresses as (
    -- Only those that are sent something, in the order of their keys, so that no two instances wait for each other.
    select t.account, t.destination
    from event_destination t
    where (t.account, t.destination) in (
            select account, destination from again
            union all
            select account, destination from expedited)
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
    'more', exists (select from rest),
    'nextCursor', (select cursor from rest),
    'addressed', exists (select from event_destination t where t.account in (select account from picked))) as text) as result
