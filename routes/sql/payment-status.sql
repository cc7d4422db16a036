-- Applies Tenpay's results, each to one payment: the only statement that writes a payment's status. The rules are in
-- allowed_move (which status may follow), needs_review (what a person must see) and next_inquiry (what Tenpay is asked next).
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
        "statusBefore" text, "contradictedAt" timestamptz, "closeResult" text, "requestId" text, "tenpayRequestId" text,
        traceparent text)
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
    -- Of several, one whose payment is locked is left out and comes again alone: no batch waits for a lock.
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
    select h.*, n.source, n."resultCode", n.status as result_status, n.reason, coalesce(n.unsent, false) as unsent,
        n.total as result_total, n.currency as result_currency, n."paymentId", n."prepayInfo", n."succeededAt", n.notification,
        n."statusBefore", n."contradictedAt", n."closeResult", n."requestId", n."tenpayRequestId",
        n.traceparent as sender_traceparent, decode(n.signature, 'hex') as digest,
        -- A result that came late proves nothing about a call made since.
        n."submittedAt" is not distinct from h.submitted_at as of_last_call,
        n."resultCode" = 'STATUS' and (n."merchantId", n."orderNo") is distinct from (h.merchant_id, h.order_no) as of_other_order
    from locked h
    join result n using (ordinal)
), claims as (
    -- A notification that can't be applied yet uses nothing.
    select digest, min(ordinal) as ordinal
    from compared
    where digest is not null and (notification is null or ("resultCode" = 'STATUS' and not of_other_order))
    group by digest
), used as (
    -- One signature is one message: a second use, here or elsewhere, finds it used.
    insert into used_signature (digest)
    select digest from claims
    union
    -- An answer about an unknown payment has been used as well; of several, it comes again alone.
    select decode(signature, 'hex') from result where signature is not null and notification is null and not (select several from batch_info)
    order by 1
    on conflict do nothing
    returning digest
), fresh as (
    select c.ordinal from claims c join used u using (digest)
), evaluated as materialized (
    select
        c.ordinal, c.id, c.account, c.payment_method, c.traceparent, c.sender_traceparent, c."requestId", c."tenpayRequestId", c.amount, c.currency, c.result_total, c.result_currency, c.review_resolution, c.status as old_status, c.review as old_review, c.source, c.unsent, c.notification,
        c."paymentId", c."prepayInfo", c."succeededAt", c."statusBefore", c."closeResult", c.tenpay_payment_id, c.submits, c.submitted_at,
        c.submitting_until, c.next_poll_at, c.reconcile_at, c.expires_at, c.created_at, c.refusal, c.absent_at, c.contradicted_at,
        c.contradiction_upheld_at, c.updated_at as finished_at, c.of_last_call, r.replayed,
        case when r.replayed then 'NONE' else c."resultCode" end as result_code,
        case when r.replayed then 'unverified answer: its signature was used before' else c.reason end as reason,
        -- checkout-pay answers without the amount: a success there is asked for by inquiry-payment at once.
        not r.replayed and c.source = 'checkout-pay' and c.result_status = 'SUCCEEDED' and c.result_total is null as paid_already,
        case when c.source = 'checkout-pay' and c.result_status = 'SUCCEEDED' and c.result_total is null then 'PENDING'
            else c.result_status end as result_status,
        -- In what a result differs from the payment that it was asked or sent for: the first that applies.
        case
            when r.replayed or c."resultCode" <> 'STATUS' then null
            when c.of_other_order then 'ORDER'
            -- A success without its amount proves nothing; other results may leave it out.
            when (c.result_total is not null or c.result_currency is not null or (c.result_status = 'SUCCEEDED' and c.source <> 'checkout-pay'))
                and (c.result_total, c.result_currency) is distinct from (cast(c.amount as text), c.currency) then 'AMOUNT'
            when c."paymentId" <> c.tenpay_payment_id then 'ID'
        end as mismatch,
        -- Asked when the contradiction was known, so the answer may settle it.
        c."contradictedAt" is not distinct from c.contradicted_at as asked_since
    from compared c
    cross join lateral (select c.digest is not null and case
            when c.notification is not null and (c."resultCode" <> 'STATUS' or c.of_other_order)
                then exists (select from used_signature s where s.digest = c.digest)
            else c.ordinal not in (select ordinal from fresh)
        end as replayed
        -- Else it is copied into each mention of it, as above.
        offset 0) r
), received as (
    -- A notification counts once: one that is done already changes nothing.
    insert into notification as x (account, kind, body, state)
    select account, 'payments', notification, 'DONE'
    from evaluated
    where notification is not null
      -- A result that names another order belongs to that one.
      and mismatch is distinct from 'ORDER'
      -- Nor one whose signature was used, or without a known status: a mapping corrected within a day still takes it.
      and result_code = 'STATUS'
    on conflict (account, kind, body_hash) do update
    set state = 'DONE', next_attempt_at = null, problem = null
    where x.state <> 'DONE'
    returning account, body_hash
), requested as materialized (
    select j.*, t.unknown and t.expired as absent,
        j.notification is not null
            and (j.replayed or (j.mismatch is distinct from 'ORDER' and j.result_code = 'STATUS' and x.body_hash is null)) as repeated,
        case
            when mismatch in ('ORDER', 'AMOUNT') then old_status
            -- Of another id only money counts: how the other attempt failed proves nothing about this one.
            when mismatch = 'ID' and result_status <> 'SUCCEEDED' then old_status
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
), allowed_move as materialized (
    select *,
        case when not repeated and old_status || '>' || requested_status in (
            'CREATED>PENDING', 'CREATED>SUCCEEDED', 'CREATED>FAILED', 'CREATED>CLOSED', 'CREATED>EXPIRED',
            'PENDING>SUCCEEDED', 'PENDING>FAILED', 'PENDING>CLOSED', 'PENDING>EXPIRED',
            -- A success is money: it is recorded even when it comes late.
            'FAILED>SUCCEEDED', 'CLOSED>SUCCEEDED', 'EXPIRED>SUCCEEDED'
        ) then requested_status else old_status end as new_status
    from requested
), contradiction as materialized (
    select *,
        -- A verified result that speaks against a final status. An inquiry does so only when it was final before the question.
        new_status = old_status and not repeated and mismatch is null
            and coalesce(case
                when old_status = 'SUCCEEDED' and result_code = 'STATUS' and result_status in ('FAILED', 'CLOSED', 'EXPIRED') then true
                when source like 'inquiry-%' and "statusBefore" = old_status and result_code = 'STATUS' and result_status = 'PENDING'
                    then old_status not in ('CREATED', 'PENDING')
                when source like 'inquiry-%' and "statusBefore" = old_status and result_code = 'NOT_FOUND' then old_status = 'SUCCEEDED'
            end, false) as contradicts,
        -- Asked about it, Tenpay answers the same.
        source like 'inquiry-%' and asked_since and mismatch is null
            and ((result_code = 'STATUS' and result_status <> 'PENDING' and (result_status = 'SUCCEEDED') = (new_status = 'SUCCEEDED'))
                or (result_code = 'NOT_FOUND' and new_status in ('FAILED', 'CLOSED', 'EXPIRED'))) as confirms
    from allowed_move
), settled as materialized (
    select *,
        -- Asked again because of a contradiction, Tenpay stands by it: reported once.
        contradicts and source like 'inquiry-%' and contradicted_at is not null and asked_since
            and contradiction_upheld_at is null as upheld,
        -- At once for a success, else only after a while, since one may come late.
        confirms and (new_status = 'SUCCEEDED'
            or (new_status = old_status and finished_at < now() - cast(:#${properties:tenpay.reconcile.after} as interval))) as agreed
    from contradiction
), found_review as materialized (
    select *,
        -- The first that applies.
        case
            when repeated then old_review
            when mismatch = 'AMOUNT' then 'AMOUNT_MISMATCH'
            -- It may be the only trace of a double charge.
            when mismatch = 'ID' then 'PAYMENT_ID_MISMATCH'
            when old_status in ('FAILED', 'CLOSED', 'EXPIRED') and new_status = 'SUCCEEDED'
                and old_review is distinct from 'PAYMENT_ID_MISMATCH' then 'LATE_SUCCESS'
            -- Tenpay has a payment of this number that may be another merchant's, which no later answer disproves.
            when result_code = 'CONFLICT' then 'NUMBER_CONFLICT'
            -- It replaces a weaker review; beside any other the contradiction is reported under that one.
            when upheld and coalesce(old_review, 'STUCK') in ('STUCK', 'LATE_SUCCESS') then 'STATUS_MISMATCH'
            when agreed and old_review = 'STATUS_MISMATCH' then null
            when new_status in ('CREATED', 'PENDING')
                and now() > expires_at + cast(:#${properties:tenpay.poll.stuck-after} as interval)
                then coalesce(old_review, 'STUCK')
            when old_review = 'STUCK' and new_status not in ('CREATED', 'PENDING') then null
            else old_review
        end as found_review,
        -- What Tenpay said, for the person who must compare it with ours.
        jsonb_strip_nulls(jsonb_build_object('status', case result_code when 'STATUS' then result_status else result_code end,
            'total', result_total, 'currency', result_currency, 'id', "paymentId")) as theirs,
        case
            when repeated then 'REPEATED'
            when mismatch in ('ORDER', 'AMOUNT') then 'MISMATCH'
            when new_status <> old_status then 'CHANGED'
            when mismatch = 'ID' then 'MISMATCH'
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
), needs_review as materialized (
    select *,
        -- What a person has examined and kept isn't reported again as long as Tenpay says the same.
        case when old_review is null and review_resolution ->> 'outcome' = 'KEEP' and review_resolution ->> 'review' = found_review
            and (found_review = 'STUCK' or review_resolution -> 'theirs' = theirs) then null else found_review end as new_review
    from found_review
), next_inquiry as (
    select *,
        case
            when new_status not in ('CREATED', 'PENDING') then null
            when paid_already or result_code = 'PAID' then now()
            -- An inquiry is to agree: at once, or when no call before the one that was refused can still arrive.
            when result_code = 'REFUSED' and new_status = 'CREATED' then case
                when submits = 1 then now()
                else greatest(now(), submitted_at + cast(:#${properties:tenpay.poll.resend-after} as interval) + interval '1 second') end
            when absent then now() + cast(:#${properties:tenpay.poll.interval} as interval)
            when unsent and source like 'inquiry-%' then now() + cast(:#${properties:tenpay.poll.interval} as interval)
            else next_poll_at end as poll_at,
        case
            when new_status in ('CREATED', 'PENDING') or agreed then null
            -- A call held back on the way can still reach Tenpay while its signature is fresh there.
            when new_status <> old_status and result_code = 'NOT_FOUND' then now() + 2 * cast(:#${properties:tenpay.wire.freshness} as interval)
            when new_status <> old_status then now() + cast(:#${properties:tenpay.reconcile.after} as interval)
            when contradicts and contradicted_at is null then now()
            when upheld or (confirms and contradicted_at is not null)
                then now() + cast(:#${properties:tenpay.reconcile.after} as interval)
            when unsent and reconcile_at is not null then now() + cast(:#${properties:tenpay.poll.interval} as interval)
            else reconcile_at end as compare_at
    from needs_review
), moved as (
    update payment p
    set status = r.new_status,
        review = r.new_review,
        review_theirs = case when r.new_review is not null and (r.new_review is distinct from r.old_review or r.upheld) then r.theirs
            else p.review_theirs end,
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
        next_poll_at = r.poll_at,
        reconcile_at = r.compare_at,
        -- A call that was never made doesn't count: neither as sent, nor as asked.
        submits = p.submits - case when r.unsent and r.source = 'checkout-pay' then 1 else 0 end,
        polls = greatest(p.polls - case when r.unsent and r.source like 'inquiry-%' then 1 else 0 end, 0),
        submitting_until = case when r.source = 'checkout-pay' and r.of_last_call then null else p.submitting_until end,
        updated_at = case when r.outcome = 'CHANGED' or r.upheld or r.new_review is distinct from r.old_review then now()
            else p.updated_at end
    from next_inquiry r
    where p.id = r.id
      and (r.outcome in ('CHANGED', 'CONFIRMED') or r.agreed or r.contradicts or (r.confirms and r.contradicted_at is not null)
        or r.absent or r.unsent or r.source = 'checkout-pay' or r.result_code = 'PAID' or r.new_review is distinct from r.old_review)
    returning p.id, p.account, to_jsonb(p) - 'content' as payment
), history_rows as (
    insert into history (payment_id, source, outcome, status_before, status_after, request_id, tenpay_request_id, detail)
    select id, source, outcome, old_status, new_status, "requestId", "tenpayRequestId", nullif(concat_ws('; ',
            reason,
            case when upheld then 'asked again, Tenpay upholds its contradiction' end,
            case when mismatch = 'AMOUNT' then format('Tenpay names %s, but this payment is of %s %s, in minor units',
                coalesce(nullif(concat_ws(' ', result_total, result_currency), ''), 'no amount'), amount, currency) end,
            case when mismatch in ('AMOUNT', 'ID') and "paymentId" <> tenpay_payment_id
                then format('payment_id %s, but this payment is %s', "paymentId", tenpay_payment_id) end,
            case when new_status = 'SUCCEEDED' and old_status <> 'SUCCEEDED' and "succeededAt" is not null and succeeded_at is null
                then 'success_time is unreadable or out of range, so the time of receipt counts' end), '')
    from needs_review
    where not repeated and not (unsent and source like 'inquiry-%')
), events as (
    -- The table's trigger adds their deliveries.
    insert into erp_event (account, payment_id, type, request_id, traceparent, data)
    select m.account, m.id, change.type, r."requestId", coalesce(r.sender_traceparent, r.traceparent), m.payment
    from moved m
    join needs_review r on r.id = m.id
    cross join lateral (values
        (1, 'payment.' || lower(r.new_status collate "C"), r.new_status <> r.old_status),
        (2, 'payment.review', r.upheld or (r.new_review is not null and r.new_review is distinct from r.old_review))
    ) as change (ordinal, type, happened)
    where change.happened
    -- Events of a payment go out in the order of their ids.
    order by change.ordinal
)
select r.ordinal,
    -- A notification's caller needs no payment, which as JSON is an eighth of the statement's work.
    cast(case
            when r.notification is not null then jsonb_build_object('account', r.account, 'status', r.new_status, 'review', r.new_review,
                'payment_method', r.payment_method, 'traceparent', r.traceparent)
            else coalesce(m.payment, to_jsonb(h) - array['ordinal', 'content']) end
        || jsonb_build_object('outcome', r.outcome, 'otherOrder', r.mismatch is not distinct from 'ORDER', 'resultCode', r.result_code,
            'detail', r.reason, 'age', extract(epoch from now() - r.created_at), 'contradicts', r.contradicts, 'upheld', r.upheld) as text)
        as result
from needs_review r
join locked h using (ordinal)
left join moved m on m.id = r.id
