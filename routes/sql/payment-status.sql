-- Applies Tenpay's news, each piece to one payment: the only statement that writes a payment's status.
with news as (
    -- The arrays in queries of their own, or PostgreSQL plans anew each time for as many elements as there are.
    select distinct on (g.account, g.number) g.place, g.account, g.number, g.notification, n.*
    from unnest(
            (select cast(:#${variable.account} as text[])),
            (select cast(:#${variable.number} as text[])),
            (select cast(:#${variable.news} as text[])),
            (select cast(:#${variable.notification} as bytea[]))) with ordinality as g (account, number, news, notification, place)
    cross join lateral jsonb_to_record(cast(g.news as jsonb)) as n (
        source text, answer text, status text, reason text, "merchantId" text, "orderNo" text, total text, currency text,
        "paymentId" text, "prepayInfo" text, "succeededAt" text, unsent boolean, call timestamptz)
    order by g.account, g.number, g.place
), company as materialized (
    select cardinality(cast(:#${variable.news} as text[])) > 1 as several
), alone as (
    select n.place, p.*
    from news n
    join payment p on p.account = n.account and p.order_no = n.number
    where not (select several from company)
    for update of p
), among_others as (
    -- Of several, whose payment somebody else holds is left out and comes again alone: nobody waits for another one's lock.
    select n.place, p.*
    from news n
    join payment p on p.account = n.account and p.order_no = n.number
    where (select several from company)
    for update of p skip locked
), held as (
    select * from alone
    union all
    select * from among_others
), judged as materialized (
    -- Materialized, here and below: else every step is copied into each mention of it, into expressions of thousands of terms.
    select
        h.place, h.id, h.account, h.status as old_status, h.review as old_review, n.answer,
        -- checkout-pay answers without the amount: a success there is asked for by inquiry-payment at once.
        n.source = 'checkout-pay' and n.status = 'SUCCEEDED' and n.total is null as paid_already,
        case when n.source = 'checkout-pay' and n.status = 'SUCCEEDED' and n.total is null then 'PENDING'
            else n.status end as told, n.source, n.reason, coalesce(n.unsent, false) as unsent,
        n."paymentId", n."prepayInfo", n."succeededAt", n.notification, h.submits, h.submitting_until, h.expires_at, h.updated_at as finished_at,
        -- What was answered or asked late says nothing about a call that somebody else has made since.
        n.call is not distinct from h.submitted_at as of_last_call,
        n.answer = 'STATUS' and (n."merchantId", n."orderNo") is distinct from (h.merchant_id, h.order_no) as of_another,
        -- A success without its amount proves nothing; other news may leave it out.
        n.answer = 'STATUS'
            and (n.total is not null or n.currency is not null or (n.status = 'SUCCEEDED' and n.source <> 'checkout-pay'))
            and (n.total, n.currency) is distinct from (cast(h.amount as text), h.currency) as of_another_amount
    from held h
    join news n using (place)
), received as (
    -- A notification counts once: who finds it done already takes nothing from it.
    insert into notification as x (account, kind, body, state)
    select account, 'payments', notification, 'DONE'
    from judged
    where notification is not null
      -- News that names another order is not this one's to take.
      and not of_another
      -- Nor is news that nobody here understands: a mapping that is put right within a day still takes it.
      and answer = 'STATUS'
    on conflict (account, kind, body_hash) do update
    set state = 'DONE', next_attempt_at = null, problem = null
    where x.state <> 'DONE'
    returning account, body_hash
), wished as materialized (
    select j.*,
        j.notification is not null and not j.of_another and j.answer = 'STATUS' and x.body_hash is null as repeated,
        case
            when of_another or of_another_amount then old_status
            when answer = 'STATUS' then told
            -- Only the first call's refusal proves that Tenpay has no such payment: an earlier one may have arrived.
            when answer = 'REFUSED' and old_status = 'CREATED' and submits = 1 then 'FAILED'
            -- A call that is still under way may yet arrive.
            when answer = 'ABSENT' and old_status = 'CREATED' and of_last_call
                and (submitting_until is null or submitting_until < now())
                and now() > expires_at + cast(:#${properties:tenpay.poll.after-expiry} as interval) then 'FAILED'
            else old_status
        end as wish
    from judged j
    left join received x on x.account = j.account and x.body_hash = sha256(j.notification)
), decided as materialized (
    select *,
        case when not repeated and old_status || '>' || wish in (
            'CREATED>PENDING', 'CREATED>SUCCEEDED', 'CREATED>FAILED', 'CREATED>CLOSED', 'CREATED>EXPIRED',
            'PENDING>SUCCEEDED', 'PENDING>FAILED', 'PENDING>CLOSED', 'PENDING>EXPIRED',
            -- A success is money: it is recorded even when it comes late.
            'FAILED>SUCCEEDED', 'CLOSED>SUCCEEDED', 'EXPIRED>SUCCEEDED'
        ) then wish else old_status end as new_status
    from wished
), reviewed as (
    select *,
        case
            when repeated then old_review
            when of_another_amount and not of_another then 'AMOUNT_MISMATCH'
            when old_status in ('FAILED', 'CLOSED', 'EXPIRED') and new_status = 'SUCCEEDED' then 'LATE_SUCCESS'
            -- Tenpay has a payment of this number that may be somebody else's, which no later answer disproves.
            when answer = 'CONFLICT' then 'NUMBER_CONFLICT'
            -- Asked about what is final, Tenpay says something else; not when it was asked before it was final.
            when source like 'inquiry-%' and finished_at < now() - cast(:#${properties:tenpay.poll.submit-lease} as interval) and old_status not in ('CREATED', 'PENDING') and new_status = old_status
                and (wish <> old_status or (answer = 'ABSENT' and old_status = 'SUCCEEDED'))
                -- Two words for unpaid are no difference.
                and (old_status = 'SUCCEEDED' or wish = 'PENDING')
                then coalesce(old_review, 'STATUS_MISMATCH')
            when new_status in ('CREATED', 'PENDING')
                and now() > expires_at + cast(:#${properties:tenpay.poll.stuck-after} as interval)
                then coalesce(old_review, 'STUCK')
            when old_review = 'STUCK' and new_status not in ('CREATED', 'PENDING') then null
            else old_review
        end as new_review,
        case
            when repeated then 'REPEATED'
            when of_another or of_another_amount then 'MISMATCH'
            when new_status <> old_status then 'MOVED'
            when answer in ('REFUSED', 'CONFLICT', 'DENIED', 'PAID', 'NOT_CLOSABLE') then 'REFUSED'
            when answer = 'ABSENT' then 'ABSENT'
            when answer = 'NONE' then 'NO_ANSWER'
            when wish = old_status then 'CONFIRMED'
            else 'IGNORED'
        end as outcome,
        -- Asked about it, Tenpay says the same: at once for a success, else only after a while, since one may come late.
        source like 'inquiry-%' and not of_another and not of_another_amount
            and (new_status = 'SUCCEEDED' or finished_at < now() - cast(:#${properties:tenpay.reconcile.after} as interval))
            and ((answer = 'STATUS' and told <> 'PENDING' and (told = 'SUCCEEDED') = (new_status = 'SUCCEEDED')) or (answer = 'ABSENT' and new_status = 'FAILED')) as agreed
    from decided
), moved as (
    update payment p
    set status = r.new_status,
        review = case when r.agreed and r.new_review = 'STATUS_MISMATCH' then null else r.new_review end,
        tenpay_payment_id = case when r.outcome in ('MOVED', 'CONFIRMED', 'IGNORED') then coalesce(p.tenpay_payment_id, r."paymentId")
            else p.tenpay_payment_id end,
        prepay_info = case when r.outcome in ('MOVED', 'CONFIRMED', 'IGNORED') then coalesce(r."prepayInfo", p.prepay_info)
            else p.prepay_info end,
        paid_at = case when r.new_status = 'SUCCEEDED' then coalesce(p.paid_at, moment(r."succeededAt"), now()) end,
        fail_reason = case
            when r.new_status = 'SUCCEEDED' then null
            when r.new_status <> r.old_status then r.reason
            else p.fail_reason end,
        refused = r.new_status <> 'SUCCEEDED' and (p.refused or (r.answer = 'REFUSED' and r.outcome = 'MOVED')),
        next_poll_at = case
            when r.new_status not in ('CREATED', 'PENDING') then null
            when r.paid_already or r.answer = 'PAID' then now()
            when r.unsent and r.source like 'inquiry-%' then now() + cast(:#${properties:tenpay.poll.interval} as interval)
            else p.next_poll_at end,
        reconcile_at = case
            when r.new_status in ('CREATED', 'PENDING') or r.agreed then null
            when r.new_status <> r.old_status then now() + cast(:#${properties:tenpay.reconcile.after} as interval)
            when r.unsent and p.reconcile_at is not null then now() + cast(:#${properties:tenpay.poll.interval} as interval)
            else p.reconcile_at end,
        -- A call that was never made doesn't count: neither as sent, nor as asked.
        submits = p.submits - case when r.unsent and r.source = 'checkout-pay' then 1 else 0 end,
        polls = greatest(p.polls - case when r.unsent and r.source like 'inquiry-%' then 1 else 0 end, 0),
        submitting_until = case when r.source = 'checkout-pay' and r.of_last_call then null else p.submitting_until end,
        updated_at = case when r.outcome = 'MOVED' or r.new_review is distinct from r.old_review then now()
            else p.updated_at end
    from reviewed r
    where p.id = r.id
      and (r.outcome in ('MOVED', 'CONFIRMED') or r.agreed or r.unsent or r.source = 'checkout-pay' or r.answer = 'PAID' or r.new_review is distinct from r.old_review)
    returning p.id, p.account, to_jsonb(p) - 'content' as payment
), noted as (
    insert into history (payment_id, source, outcome, status_before, status_after, detail)
    select id, source, outcome, old_status, new_status, reason from reviewed
    where not repeated and not (unsent and source like 'inquiry-%')
), told as (
    insert into erp_event (account, payment_id, type, data, addressed)
    select m.account, m.id, change.type, m.payment, exists (
        select from event_destination d where d.account = m.account and (d.types is null or change.type = any (d.types)))
    from moved m
    join reviewed r on r.id = m.id
    cross join lateral (values
        (1, 'payment.' || lower(r.new_status collate "C"), r.new_status <> r.old_status),
        (2, 'payment.review', r.new_review is not null and r.new_review is distinct from r.old_review)
    ) as change (place, type, happened)
    where change.happened
    -- Events of a payment go out in the order of their ids.
    order by change.place
    returning id, account, payment_id, type, created_at
), addressed as (
    insert into event_delivery (event_id, destination, payment_id, account, created_at)
    select t.id, d.destination, t.payment_id, t.account, t.created_at
    from told t
    join event_destination d on d.account = t.account and (d.types is null or t.type = any (d.types))
    returning destination, payment_id, account
), queued as (
    insert into event_queue as q (payment_id, destination, account, pending, next_attempt_at)
    select payment_id, destination, account, count(*), now()
    from addressed
    group by payment_id, destination, account
    -- As event-redeliver.sql does, or the two could wait for each other.
    order by payment_id, destination
    on conflict (payment_id, destination) do update
    set pending = q.pending + excluded.pending,
        next_attempt_at = coalesce(q.next_attempt_at, excluded.next_attempt_at)
)
select r.place,
    -- For a notification nobody is shown the payment, which as JSON is an eighth of the statement's work.
    cast(case
            when r.notification is not null then jsonb_build_object('account', r.account, 'status', r.new_status, 'review', r.new_review)
            else coalesce(m.payment, to_jsonb(h) - array['place', 'content']) end
        || jsonb_build_object('verdict', r.outcome, 'elsewhere', r.of_another, 'answer', r.answer, 'told', r.reason) as text)
        as answer
from reviewed r
join held h using (place)
left join moved m on m.id = r.id
