-- Records the results of attempts. Only the current claim counts: a late answer changes nothing. A refusal counts only
-- while the address that gave it is in force; else it is logged, and the event is due at once for the present address.
with result as (
    select *
    from jsonb_to_recordset(cast(:#${variable.attempts} as jsonb)) as r (
        event bigint, claim integer, outcome text, status integer, problem text, at timestamptz, millis integer,
        "retryAfter" integer, address text, permanent boolean)
), locked as (
    select q.payment_id, q.account, d.attempts, r.*, r.outcome = 'DELIVERED' or t.account is not null as counts
    from result r
    join event_delivery d on d.event_id = r.event and d.destination = :#${variable.destination}
    join event_queue q on q.payment_id = d.payment_id and q.destination = d.destination
    left join event_destination t
        on t.account = q.account and t.destination = q.destination and t.address = decode(r.address, 'hex')
    where q.in_flight and q.claim = r.claim
    order by q.payment_id
    -- A locked row is none to wait for: what it delays is one payment's, and is recorded in the next turn.
    for update of q skip locked
), evaluated as (
    select *,
        -- None after the last one, nor for what would be refused again.
        case when permanent is not true
            then cast((string_to_array(:#${properties:tenpay.events.retry-delays}, ','))[attempts + 1] as interval) end as delay,
        -- Null where the answer names no time: `least` would take the limit for it.
        case when "retryAfter" is not null then least(
            "retryAfter" * interval '1 second', cast(:#${properties:tenpay.events.max-retry-after} as interval)) end as asked
    from locked
), settled as (
    update event_delivery d
    set attempts = d.attempts + 1,
        state = case
            when j.outcome = 'DELIVERED' then 'DELIVERED'
            when j.delay is null then 'DEAD'
            else 'PENDING' end,
        finished_at = case when j.outcome = 'DELIVERED' or j.delay is null then now() end
    from evaluated j
    where d.event_id = j.event
      and d.destination = :#${variable.destination}
      and d.state = 'PENDING'
      and j.counts
      -- Given back: it was not sent.
      and j.outcome <> 'RELEASED'
    returning d.event_id, d.state, d.attempts
), moved as (
    update event_queue q
    set in_flight = false,
        -- Until nothing of its payment is left, so that a retried or redelivered payment doesn't pass new ones event by event.
        deferred = case when s.state = 'PENDING' then true else q.deferred and (s.state is null or q.pending > 1) end,
        pending = q.pending - case when s.state <> 'PENDING' then 1 else 0 end,
        next_attempt_at = case
            when s.state = 'PENDING' then now() + greatest(j.delay * (0.9 + 0.2 * random()), j.asked)
            when s.state is not null and q.pending = 1 then null
            else now() end
    from evaluated j
    left join settled s on s.event_id = j.event
    where q.payment_id = j.payment_id and q.destination = :#${variable.destination}
), logged as (
    insert into event_attempt (event_id, destination, at, millis, status, outcome, problem)
    select event, :#${variable.destination}, at, millis, status, outcome, problem
    from evaluated
    where outcome <> 'RELEASED'
), backoff as (
    -- 410 is for good, until a person acts; 429 and 503 speak for the whole address, and ask for so long.
    select account, address, bool_or(outcome = 'GONE') as gone, max(asked) filter (where status in (429, 503)) as asked
    from evaluated
    group by account, address
), addresses as (
    -- In the order of their keys, so that no two instances wait for each other. The address is compared once more under the lock.
    select d.account, a.gone, a.asked
    from event_destination d
    join backoff a on a.account = d.account and decode(a.address, 'hex') = d.address
    where d.destination = :#${variable.destination} and (a.gone or a.asked is not null)
    order by d.account
    for update of d
), paused as (
    update event_destination d
    set disabled_at = case when a.gone then coalesce(d.disabled_at, now()) else d.disabled_at end,
        paused_until = greatest(d.paused_until, now() + a.asked)
    from addresses a
    where d.account = a.account and d.destination = :#${variable.destination}
)
select e.event_id, e.type, e.account, j.outcome, j.status, j.problem, j.counts, s.state, s.attempts,
    extract(epoch from now() - e.created_at) as age, j.event
from evaluated j
join erp_event e on e.id = j.event
left join settled s on s.event_id = j.event
union all
-- The statement that writes the payment's next event has it, perhaps. Without a record the event would be sent again once its lease ends.
select null, null, null, 'LOCKED', null, null, null, null, null, null, r.event
from result r
join event_delivery d on d.event_id = r.event and d.destination = :#${variable.destination}
join event_queue q on q.payment_id = d.payment_id and q.destination = d.destination
where q.in_flight and q.claim = r.claim and r.event not in (select event from evaluated)
