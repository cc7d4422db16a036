-- Applies Tenpay's results, each to one payment: the only statement that writes a payment's status.
with result as (
    -- The arrays in queries of their own, or PostgreSQL plans anew each time for as many elements as there are.
    select distinct on (g.account, g.number) g.ordinal, g.account, g.number, g.notification, n.*
    from unnest(
            (select cast(:#${variable.account} as text[])),
            (select cast(:#${variable.number} as text[])),
            (select cast(:#${variable.tenpayResult} as text[])),
            (select cast(:#${variable.notification} as bytea[]))) with ordinality as g (account, number, result, notification, ordinal)
    cross join lateral jsonb_to_record(cast(g.result as jsonb)) as n (
        source text, "resultCode" text, status text, reason text, "merchantId" text, "orderNo" text, total text, currency text,
        "paymentId" text, "prepayInfo" text, "succeededAt" text, unsent boolean, "submittedAt" timestamptz, signature text,
        "statusBefore" text, "contradictedAt" timestamptz, "closeResult" text)
    order by g.account, g.number, g.ordinal
), batch_info as materialized (
    select cardinality(cast(:#${variable.tenpayResult} as text[])) > 1 as several
), single as (
    select n.ordinal, p.*
    from result n
    join payment p on p.account = n.account and p.order_no = n.number
    where not (select several from batch_info)
    for update of p
), batched as (
    -- Of several, whose payment somebody else holds is left out and comes again alone: nobody waits for another one's lock.
    select n.ordinal, p.*
    from result n
    join payment p on p.account = n.account and p.order_no = n.number
    where (select several from batch_info)
    for update of p skip locked
), locked as (
    select * from single
    union all
    select * from batched
), compared as materialized (
    -- Materialized, here and below: else every step is copied into each mention of it, into expressions of thousands of terms.
    select h.*, n.source, n."resultCode" as result_code, n.status as result_status, n.reason, coalesce(n.unsent, false) as unsent, n.total, n."paymentId", n."prepayInfo",
        n."succeededAt", n.notification, n."statusBefore", n."contradictedAt", n."closeResult", decode(n.signature, 'hex') as digest,
        -- What was answered or asked late says nothing about a call that somebody else has made since.
        n."submittedAt" is not distinct from h.submitted_at as of_last_call,
        n."resultCode" = 'STATUS' and (n."merchantId", n."orderNo") is distinct from (h.merchant_id, h.order_no) as of_another,
        -- A success without its amount proves nothing; other results may leave it out.
        n."resultCode" = 'STATUS'
            and (n.total is not null or n.currency is not null or (n.status = 'SUCCEEDED' and n.source <> 'checkout-pay'))
            and (n.total, n.currency) is distinct from (cast(h.amount as text), h.currency) as of_another_amount,
        n."resultCode" = 'STATUS' and n."paymentId" <> h.tenpay_payment_id as of_another_id
    from locked h
    join result n using (ordinal)
), claims as (
    -- A notification that can't be applied yet uses nothing.
    select digest, min(ordinal) as ordinal
    from compared
    where digest is not null and (notification is null or (result_code = 'STATUS' and not of_another))
    group by digest
), used as (
    -- One signature is one message: what comes again, here or elsewhere, finds it used.
    insert into used_signature (digest)
    select digest from claims
    union
    -- An answer about what isn't here has been used as well; of several, it comes again alone.
    select decode(signature, 'hex') from result where signature is not null and notification is null and not (select several from batch_info)
    order by 1
    on conflict do nothing
    returning digest
), fresh as (
    select c.ordinal from claims c join used u using (digest)
), evaluated as materialized (
    select
        c.ordinal, c.id, c.account, c.status as old_status, c.review as old_review, c.source, c.unsent, c.notification,
        c."paymentId", c."prepayInfo", c."succeededAt", c."statusBefore", c."closeResult", c.tenpay_payment_id, c.submits, c.submitted_at, c.submitting_until,
        c.expires_at, c.created_at, c.refusal, c.absent_at, c.contradicted_at, c.contradiction_upheld_at, c.updated_at as finished_at, c.of_last_call, r.replayed,
        case when r.replayed then 'NONE' else c.result_code end as result_code,
        case when r.replayed then 'unverified answer: its signature was used before' else c.reason end as reason,
        -- checkout-pay answers without the amount: a success there is asked for by inquiry-payment at once.
        not r.replayed and c.source = 'checkout-pay' and c.result_status = 'SUCCEEDED' and c.total is null as paid_already,
        case when c.source = 'checkout-pay' and c.result_status = 'SUCCEEDED' and c.total is null then 'PENDING' else c.result_status end as result_status,
        c.of_another and not r.replayed as of_another,
        c.of_another_amount and not r.replayed as of_another_amount,
        coalesce(c.of_another_id, false) and not c.of_another and not r.replayed as of_another_id,
        -- Asked when the contradiction was known, so the answer may settle it.
        c."contradictedAt" is not distinct from c.contradicted_at as asked_since
    from compared c
    cross join lateral (select c.digest is not null and case
            when c.notification is not null and (c.result_code <> 'STATUS' or c.of_another) then exists (select from used_signature s where s.digest = c.digest)
            else c.ordinal not in (select ordinal from fresh)
        end as replayed
        -- Else it is copied into each mention of it, as above.
        offset 0) r
), received as (
    -- A notification counts once: who finds it done already takes nothing from it.
    insert into notification as x (account, kind, body, state)
    select account, 'payments', notification, 'DONE'
    from evaluated
    where notification is not null
      -- A result that names another order belongs to that one.
      and not of_another
      -- Nor is what comes by a signature that was used, or a result without a known status: a mapping corrected within a day still takes it.
      and result_code = 'STATUS'
    on conflict (account, kind, body_hash) do update
    set state = 'DONE', next_attempt_at = null, problem = null
    where x.state <> 'DONE'
    returning account, body_hash
), requested as materialized (
    select j.*, t.unknown and t.expired as absent,
        j.notification is not null and (j.replayed or (not j.of_another and j.result_code = 'STATUS' and x.body_hash is null)) as repeated,
        case
            when of_another or of_another_amount then old_status
            -- Of another id only money counts: how the other attempt failed says nothing of this one.
            when of_another_id and result_status <> 'SUCCEEDED' then old_status
            when result_code = 'STATUS' then result_status
            -- Tenpay has no such payment, and no call can bring it there any more. One answer forgets none: it was refused,
            -- or is to be closed, or has expired and was unknown before.
            when unknown and (submits = 1 or overdue) and refusal is not null then 'FAILED'
            when unknown and overdue and "closeResult" = 'NOT_FOUND' and source like 'inquiry-%' then 'CLOSED'
            when unknown and expired and absent_at is not null then 'FAILED'
            else old_status
        end as requested_status
    from evaluated j
    cross join lateral (select
        -- A call that is still under way may yet arrive.
        result_code = 'NOT_FOUND' and old_status = 'CREATED' and of_last_call and (submitting_until is null or submitting_until < now()) as unknown,
        submitted_at < now() - cast(:#${properties:tenpay.poll.resend-after} as interval) as overdue,
        now() > expires_at + cast(:#${properties:tenpay.poll.after-expiry} as interval) as expired) t
    left join received x on x.account = j.account and x.body_hash = sha256(j.notification)
), decided as materialized (
    select *,
        case when not repeated and old_status || '>' || requested_status in (
            'CREATED>PENDING', 'CREATED>SUCCEEDED', 'CREATED>FAILED', 'CREATED>CLOSED', 'CREATED>EXPIRED',
            'PENDING>SUCCEEDED', 'PENDING>FAILED', 'PENDING>CLOSED', 'PENDING>EXPIRED',
            -- A success is money: it is recorded even when it comes late.
            'FAILED>SUCCEEDED', 'CLOSED>SUCCEEDED', 'EXPIRED>SUCCEEDED'
        ) then requested_status else old_status end as new_status
    from requested
), contradicting as materialized (
    select *,
        -- A verified result that speaks against what is final here. An inquiry does so only when it was final before the question.
        new_status = old_status and not repeated and not of_another and not of_another_amount and not of_another_id
            and coalesce(case
                when old_status = 'SUCCEEDED' and result_code = 'STATUS' and result_status in ('FAILED', 'CLOSED', 'EXPIRED') then true
                when source like 'inquiry-%' and "statusBefore" = old_status and result_code = 'STATUS' and result_status = 'PENDING'
                    then old_status not in ('CREATED', 'PENDING')
                when source like 'inquiry-%' and "statusBefore" = old_status and result_code = 'NOT_FOUND' then old_status = 'SUCCEEDED'
            end, false) as contradicts,
        -- Asked about it, Tenpay says the same.
        source like 'inquiry-%' and asked_since and not of_another and not of_another_amount and not of_another_id
            and ((result_code = 'STATUS' and result_status <> 'PENDING' and (result_status = 'SUCCEEDED') = (new_status = 'SUCCEEDED'))
                or (result_code = 'NOT_FOUND' and new_status in ('FAILED', 'CLOSED', 'EXPIRED'))) as confirms
    from decided
), settled as materialized (
    select *,
        -- Asked again because of a contradiction, Tenpay stands by it: reported once.
        contradicts and source like 'inquiry-%' and contradicted_at is not null and asked_since
            and contradiction_upheld_at is null as upheld,
        -- At once for a success, else only after a while, since one may come late.
        confirms and (new_status = 'SUCCEEDED'
            or (new_status = old_status and finished_at < now() - cast(:#${properties:tenpay.reconcile.after} as interval))) as agreed
    from contradicting
), reviewed as (
    select *,
        -- The only place that decides which review stands: the first that applies.
        case
            when repeated then old_review
            when of_another_amount and not of_another then 'AMOUNT_MISMATCH'
            -- It may be the only trace of a double charge.
            when of_another_id then 'PAYMENT_ID_MISMATCH'
            when old_status in ('FAILED', 'CLOSED', 'EXPIRED') and new_status = 'SUCCEEDED'
                and old_review is distinct from 'PAYMENT_ID_MISMATCH' then 'LATE_SUCCESS'
            -- Tenpay has a payment of this number that may be somebody else's, which no later answer disproves.
            when result_code = 'CONFLICT' then 'NUMBER_CONFLICT'
            -- It takes the place of a weaker review; beside any other the contradiction is reported under that one.
            when upheld and coalesce(old_review, 'STUCK') in ('STUCK', 'LATE_SUCCESS') then 'STATUS_MISMATCH'
            when agreed and old_review = 'STATUS_MISMATCH' then null
            when new_status in ('CREATED', 'PENDING')
                and now() > expires_at + cast(:#${properties:tenpay.poll.stuck-after} as interval)
                then coalesce(old_review, 'STUCK')
            when old_review = 'STUCK' and new_status not in ('CREATED', 'PENDING') then null
            else old_review
        end as new_review,
        case
            when repeated then 'REPEATED'
            when of_another or of_another_amount then 'MISMATCH'
            when new_status <> old_status then 'CHANGED'
            when of_another_id then 'MISMATCH'
            when result_code in ('REFUSED', 'CONFLICT', 'DENIED', 'PAID', 'NOT_CLOSABLE') then 'REFUSED'
            when result_code = 'NOT_FOUND' then 'NOT_FOUND'
            when result_code = 'NONE' then 'NO_RESPONSE'
            when requested_status = old_status then 'CONFIRMED'
            else 'IGNORED'
        end as outcome,
        case when new_status = 'SUCCEEDED' and old_status <> 'SUCCEEDED' then (
            select at from moment("succeededAt") as at where at between created_at - interval '1 day' and now() + interval '1 day')
        end as succeeded_at
    from settled
), moved as (
    update payment p
    set status = r.new_status,
        review = r.new_review,
        tenpay_payment_id = case when r.outcome in ('CHANGED', 'CONFIRMED', 'IGNORED') then coalesce(p.tenpay_payment_id, r."paymentId")
            else p.tenpay_payment_id end,
        -- It comes from an answer that names this id, or it would pay for another one.
        prepay_info = case
            when r.outcome in ('CHANGED', 'CONFIRMED', 'IGNORED') and p.tenpay_payment_id is null and r."paymentId" is not null then r."prepayInfo"
            when r.outcome in ('CHANGED', 'CONFIRMED', 'IGNORED') and p.tenpay_payment_id = r."paymentId" then coalesce(r."prepayInfo", p.prepay_info)
            else p.prepay_info end,
        paid_at = case when r.new_status = 'SUCCEEDED' then coalesce(p.paid_at, r.succeeded_at, now()) end,
        refusal = case
            when r.result_code = 'REFUSED' and r.new_status = 'CREATED' then coalesce(p.refusal, r.reason)
            -- It has the payment after all.
            when r.result_code = 'STATUS' and r.outcome = 'CHANGED' then null
            else p.refusal end,
        absent_at = case
            when r.absent then coalesce(p.absent_at, now())
            when r.result_code = 'STATUS' and r.outcome = 'CHANGED' then null
            else p.absent_at end,
        contradicted_at = case
            when r.confirms or r.outcome = 'CHANGED' then null
            when r.contradicts then coalesce(p.contradicted_at, now())
            else p.contradicted_at end,
        contradiction_upheld_at = case
            when r.confirms or r.outcome = 'CHANGED' then null
            when r.upheld then now()
            else p.contradiction_upheld_at end,
        fail_reason = case
            when r.new_status = 'SUCCEEDED' then null
            when r.new_status <> r.old_status then case when r.result_code = 'NOT_FOUND' then coalesce(p.refusal, r.reason) else r.reason end
            else p.fail_reason end,
        refused = r.new_status <> 'SUCCEEDED'
            and (p.refused or (r.result_code = 'NOT_FOUND' and r.outcome = 'CHANGED' and r.new_status = 'FAILED' and p.refusal is not null)),
        next_poll_at = case
            when r.new_status not in ('CREATED', 'PENDING') then null
            when r.paid_already or r.result_code = 'PAID' then now()
            -- An inquiry is to agree: at once, or when no call before the one that was refused can still arrive.
            when r.result_code = 'REFUSED' and r.new_status = 'CREATED' then case
                when r.submits = 1 then now()
                else greatest(now(), r.submitted_at + cast(:#${properties:tenpay.poll.resend-after} as interval) + interval '1 second') end
            when r.absent then now() + cast(:#${properties:tenpay.poll.interval} as interval)
            when r.unsent and r.source like 'inquiry-%' then now() + cast(:#${properties:tenpay.poll.interval} as interval)
            else p.next_poll_at end,
        reconcile_at = case
            when r.new_status in ('CREATED', 'PENDING') or r.agreed then null
            -- A call held back on the way can still reach Tenpay while its signature is fresh there.
            when r.new_status <> r.old_status and r.result_code = 'NOT_FOUND' then now() + 2 * cast(:#${properties:tenpay.wire.freshness} as interval)
            when r.new_status <> r.old_status then now() + cast(:#${properties:tenpay.reconcile.after} as interval)
            when r.contradicts and r.contradicted_at is null then now()
            when r.upheld or (r.confirms and r.contradicted_at is not null)
                then now() + cast(:#${properties:tenpay.reconcile.after} as interval)
            when r.unsent and p.reconcile_at is not null then now() + cast(:#${properties:tenpay.poll.interval} as interval)
            else p.reconcile_at end,
        -- A call that was never made doesn't count: neither as sent, nor as asked.
        submits = p.submits - case when r.unsent and r.source = 'checkout-pay' then 1 else 0 end,
        polls = greatest(p.polls - case when r.unsent and r.source like 'inquiry-%' then 1 else 0 end, 0),
        submitting_until = case when r.source = 'checkout-pay' and r.of_last_call then null else p.submitting_until end,
        updated_at = case when r.outcome = 'CHANGED' or r.upheld or r.new_review is distinct from r.old_review then now()
            else p.updated_at end
    from reviewed r
    where p.id = r.id
      and (r.outcome in ('CHANGED', 'CONFIRMED') or r.agreed or r.contradicts or (r.confirms and r.contradicted_at is not null) or r.absent or r.unsent or r.source = 'checkout-pay' or r.result_code = 'PAID' or r.new_review is distinct from r.old_review)
    returning p.id, p.account, to_jsonb(p) - 'content' as payment
), history_rows as (
    insert into history (payment_id, source, outcome, status_before, status_after, detail)
    select id, source, outcome, old_status, new_status, nullif(concat_ws('; ',
            reason,
            case when upheld then 'asked again, Tenpay upholds its contradiction' end,
            case when of_another_id then format('payment_id %s, but this payment is %s', "paymentId", tenpay_payment_id) end,
            case when new_status = 'SUCCEEDED' and old_status <> 'SUCCEEDED' and "succeededAt" is not null and succeeded_at is null
                then 'success_time is unreadable or out of range, so the time of receipt counts' end), '')
    from reviewed
    where not repeated and not (unsent and source like 'inquiry-%')
), told as (
    insert into erp_event (account, payment_id, type, data, addressed)
    select m.account, m.id, change.type, m.payment, exists (
        select from event_destination d where d.account = m.account and (d.types is null or change.type = any (d.types)))
    from moved m
    join reviewed r on r.id = m.id
    cross join lateral (values
        (1, 'payment.' || lower(r.new_status collate "C"), r.new_status <> r.old_status),
        (2, 'payment.review', r.upheld or (r.new_review is not null and r.new_review is distinct from r.old_review))
    ) as change (ordinal, type, happened)
    where change.happened
    -- Events of a payment go out in the order of their ids.
    order by change.ordinal
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
select r.ordinal,
    -- For a notification nobody is shown the payment, which as JSON is an eighth of the statement's work.
    cast(case
            when r.notification is not null then jsonb_build_object('account', r.account, 'status', r.new_status, 'review', r.new_review)
            else coalesce(m.payment, to_jsonb(h) - array['ordinal', 'content']) end
        || jsonb_build_object('outcome', r.outcome, 'otherOrder', r.of_another, 'resultCode', r.result_code, 'detail', r.reason, 'contradicts', r.contradicts, 'upheld', r.upheld) as text)
        as result
from reviewed r
join locked h using (ordinal)
left join moved m on m.id = r.id
