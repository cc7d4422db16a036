-- Applies one result of Tenpay's to one refund: the only statement that writes a refund's status, and what was refunded.
with result as (
    select *
    from jsonb_to_record(cast(:#${variable.tenpayResult} as jsonb)) as n (
        source text, "resultCode" text, status text, reason text, "merchantId" text, "orderNo" text, "refundNo" text, total text,
        currency text, "refundId" text, "succeededAt" text, unsent boolean, "submittedAt" timestamptz, signature text,
        "statusBefore" text, "contradictedAt" timestamptz)
), found as (
    -- By its number; else by Tenpay's own, which is all that some results name.
    select r.id, r.payment_id
    from refund r
    where r.account = :#${variable.account}
      and (r.refund_no = :#${variable.number}
        or r.tenpay_refund_id = (select n."refundId" from result n where n."resultCode" = 'STATUS'))
    order by r.refund_no = :#${variable.number} desc, r.id
    limit 1
), paid as (
    -- The payment is held first, as when a refund is decided: no two can wait for each other.
    select p.id, p.amount, p.currency, p.created_at
    from payment p
    where p.id = (select payment_id from found)
    for update
), locked as (
    select r.*
    from paid
    join refund r on r.payment_id = paid.id
    where r.id = (select id from found)
    for update of r
), compared as materialized (
    -- Materialized, here and below: else every step is copied into each mention of it, into expressions of thousands of terms.
    select
        h.id, h.payment_id, h.account, h.amount, h.currency, h.status as old_status, h.review as old_review, h.refusal, h.submits, h.submitted_at,
        h.submitting_until, h.created_at, h.updated_at as finished_at, h.contradicted_at, h.contradiction_upheld_at, h.tenpay_refund_id,
        -- One that was taken in may be reported late.
        case h.origin when 'PORTAL' then paid.created_at else h.created_at end as earliest, n."resultCode" as result_code, n.status as result_status,
        n.source, n.reason, coalesce(n.unsent, false) as unsent, n."refundId", n."succeededAt", n."statusBefore",
        cast(:#${variable.notification} as bytea) as notification,
        -- What was answered or asked late says nothing about a call that somebody else has made since.
        n."submittedAt" is not distinct from h.submitted_at as of_last_call,
        -- Asked when the contradiction was known, so the answer may settle it.
        n."contradictedAt" is not distinct from h.contradicted_at as asked_since,
        n."resultCode" = 'STATUS' and ((n."merchantId", n."orderNo") is distinct from (h.merchant_id, h.order_no)
            -- Tenpay's own number is enough where the result, or the row, has no other.
            or not coalesce(n."refundNo" = h.refund_no
                or (n."refundId" = h.tenpay_refund_id and h.tenpay_refund_id in (n."refundNo", h.refund_no)), false))
            as of_another,
        -- A success without its amount proves nothing; other results may leave it out.
        n."resultCode" = 'STATUS'
            and (n.total is not null or n.currency is not null or n.status = 'SUCCEEDED')
            and (n.total, n.currency) is distinct from (cast(h.amount as text), h.currency) as of_another_amount,
        n."resultCode" = 'STATUS' and (n."refundId" <> h.tenpay_refund_id or exists (
            select from refund o where o.account = h.account and o.tenpay_refund_id = n."refundId" and o.id <> h.id)) as of_another_id,
        -- A refund that was just taken in may be of more than was left: the money is gone, so it counts all the same.
        case when h.origin = 'PORTAL' and h.status = 'CREATED' then h.currency <> paid.currency or paid.amount < (
            select sum(o.amount)
            from refund o
            where o.payment_id = h.payment_id and (o.status <> 'FAILED' or o.contradicted_at is not null
                or o.review in ('STATUS_MISMATCH', 'AMOUNT_MISMATCH', 'PAYMENT_ID_MISMATCH')))
        else false end as exceeds
    from locked h
    cross join paid
    cross join result n
), used as (
    -- One signature is one message: what comes again, here or elsewhere, finds it used. A status of what isn't here is left to
    -- refund-import; a notification that can't be applied yet uses nothing.
    insert into used_signature (digest)
    select decode(n.signature, 'hex')
    from result n
    left join compared c on true
    where n.signature is not null
      and case
          when cast(:#${variable.notification} as bytea) is null then c.id is not null or n."resultCode" <> 'STATUS'
          else c.result_code = 'STATUS' and not c.of_another
      end
    on conflict do nothing
    returning digest
), evaluated as materialized (
    select
        c.id, c.payment_id, c.account, c.amount, c.currency, c.earliest, c.exceeds, c.old_status, c.old_review, c.refusal, c.submits, c.submitted_at, c.submitting_until,
        c.created_at, c.finished_at, c.contradicted_at, c.contradiction_upheld_at, c.tenpay_refund_id, c.result_status, c.source, c.unsent, c."refundId", c."succeededAt",
        c."statusBefore", c.notification, c.of_last_call, c.asked_since, r.replayed,
        case when r.replayed then 'NONE' else c.result_code end as result_code,
        case when r.replayed then 'unverified answer: its signature was used before' else c.reason end as reason,
        c.of_another and not r.replayed as of_another,
        c.of_another_amount and not r.replayed as of_another_amount,
        coalesce(c.of_another_id, false) and not c.of_another and not r.replayed as of_another_id
    from compared c
    cross join result n
    cross join lateral (select n.signature is not null and case
            when c.notification is not null and (c.result_code <> 'STATUS' or c.of_another)
                then exists (select from used_signature s where s.digest = decode(n.signature, 'hex'))
            else not exists (select from used)
        end as replayed
        -- Else it is copied into each mention of it.
        offset 0) r
), received as (
    -- A notification counts once: who finds it done already takes nothing from it.
    insert into notification as x (account, kind, body, state)
    select account, 'refunds', notification, 'DONE'
    from evaluated
    where notification is not null
      -- A result that names another refund belongs to that one.
      and not of_another
      -- Nor is what comes by a signature that was used, or a result without a known status: a mapping corrected within a day still takes it.
      and result_code = 'STATUS'
    on conflict (account, kind, body_hash) do update
    set state = 'DONE', next_attempt_at = null, problem = null
    where x.state <> 'DONE'
    returning account, body_hash
), requested as materialized (
    select j.*,
        j.notification is not null and (j.replayed or (not j.of_another and j.result_code = 'STATUS' and x.body_hash is null)) as repeated,
        case
            when of_another or of_another_amount then old_status
            -- Of another id only money counts: how the other attempt failed says nothing of this one.
            when of_another_id and result_status <> 'SUCCEEDED' then old_status
            when result_code = 'STATUS' then result_status
            -- A refusal frees no amount alone, but once Tenpay then has no such refund, and no call can still arrive.
            when result_code = 'NOT_FOUND' and old_status = 'CREATED' and refusal is not null and of_last_call
                and (submitting_until is null or submitting_until < now())
                and (submits = 1 or submitted_at < now() - cast(:#${properties:tenpay.poll.resend-after} as interval)) then 'FAILED'
            else old_status
        end as requested_status
    from evaluated j
    left join received x on x.account = j.account and x.body_hash = sha256(j.notification)
), decided as materialized (
    select *,
        case when not repeated and old_status || '>' || requested_status in (
            'CREATED>PENDING', 'CREATED>SUCCEEDED', 'CREATED>FAILED',
            'PENDING>SUCCEEDED', 'PENDING>FAILED',
            -- A success is money: it is recorded even when it comes late.
            'FAILED>SUCCEEDED'
        ) then requested_status else old_status end as new_status
    from requested
), contradicting as materialized (
    select *,
        -- A verified result that speaks against what is final here. An inquiry does so only when it was final before the question.
        new_status = old_status and not repeated and not of_another and not of_another_amount and not of_another_id
            and coalesce(case
                when old_status = 'SUCCEEDED' and result_code = 'STATUS' and result_status = 'FAILED' then true
                when source like 'inquiry-%' and "statusBefore" = old_status and result_code = 'STATUS' and result_status = 'PENDING'
                    then old_status not in ('CREATED', 'PENDING')
                when source like 'inquiry-%' and "statusBefore" = old_status and result_code = 'NOT_FOUND' then old_status = 'SUCCEEDED'
            end, false) as contradicts,
        -- Asked about it, Tenpay says the same.
        source like 'inquiry-%' and asked_since and not of_another and not of_another_amount and not of_another_id
            and ((result_code = 'STATUS' and result_status = new_status) or (result_code = 'NOT_FOUND' and new_status = 'FAILED')) as confirms
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
            -- It may be the only trace of money paid out twice.
            when of_another_id then 'PAYMENT_ID_MISMATCH'
            when exceeds and new_status in ('PENDING', 'SUCCEEDED') then 'AMOUNT_MISMATCH'
            when old_status = 'FAILED' and new_status = 'SUCCEEDED' and old_review is distinct from 'PAYMENT_ID_MISMATCH' then 'LATE_SUCCESS'
            -- It takes the place of a weaker review; beside any other the contradiction is reported under that one.
            when upheld and coalesce(old_review, 'STUCK') in ('STUCK', 'LATE_SUCCESS') then 'STATUS_MISMATCH'
            when agreed and old_review = 'STATUS_MISMATCH' then null
            when new_status in ('CREATED', 'PENDING')
                and now() > created_at + cast(:#${properties:tenpay.poll.refund-stuck-after} as interval)
                then coalesce(old_review, 'STUCK')
            when old_review = 'STUCK' and new_status not in ('CREATED', 'PENDING') then null
            else old_review
        end as new_review,
        case
            when repeated then 'REPEATED'
            when of_another or of_another_amount then 'MISMATCH'
            when new_status <> old_status then 'CHANGED'
            when of_another_id then 'MISMATCH'
            when result_code in ('REFUSED', 'DENIED') then 'REFUSED'
            when result_code = 'NOT_FOUND' then 'NOT_FOUND'
            when result_code = 'NONE' then 'NO_RESPONSE'
            when requested_status = old_status then 'CONFIRMED'
            else 'IGNORED'
        end as outcome,
        case when new_status = 'SUCCEEDED' and old_status <> 'SUCCEEDED' then (
            select at from moment("succeededAt") as at where at between earliest - interval '1 day' and now() + interval '1 day')
        end as succeeded_at
    from settled
), moved as (
    update refund r
    set status = j.new_status,
        review = j.new_review,
        tenpay_refund_id = case when j.outcome in ('CHANGED', 'CONFIRMED', 'IGNORED') then coalesce(r.tenpay_refund_id, j."refundId")
            else r.tenpay_refund_id end,
        refunded_at = case when j.new_status = 'SUCCEEDED' then coalesce(r.refunded_at, j.succeeded_at, now()) end,
        refusal = case
            when j.result_code = 'REFUSED' and j.new_status = 'CREATED' then coalesce(r.refusal, j.reason)
            -- It has the refund after all.
            when j.result_code = 'STATUS' and j.outcome = 'CHANGED' then null
            else r.refusal end,
        contradicted_at = case
            when j.confirms or j.outcome = 'CHANGED' then null
            when j.contradicts then coalesce(r.contradicted_at, now())
            else r.contradicted_at end,
        contradiction_upheld_at = case
            when j.confirms or j.outcome = 'CHANGED' then null
            when j.upheld then now()
            else r.contradiction_upheld_at end,
        fail_reason = case
            when j.new_status = 'SUCCEEDED' then null
            when j.new_status <> j.old_status and j.new_status = 'FAILED' then case when j.result_code = 'NOT_FOUND' then r.refusal else j.reason end
            else r.fail_reason end,
        next_poll_at = case
            when j.new_status not in ('CREATED', 'PENDING') then null
            -- An inquiry is to agree: at once, or when no call before the one that was refused can still arrive.
            when j.result_code = 'REFUSED' and j.new_status = 'CREATED' then case
                when j.submits = 1 then now()
                else greatest(now(), j.submitted_at + cast(:#${properties:tenpay.poll.resend-after} as interval) + interval '1 second') end
            when j.unsent and j.source like 'inquiry-%' then now() + cast(:#${properties:tenpay.poll.interval} as interval)
            else r.next_poll_at end,
        reconcile_at = case
            when j.new_status in ('CREATED', 'PENDING') or j.agreed then null
            -- A call held back on the way can still reach Tenpay while its signature is fresh there.
            when j.new_status <> j.old_status and j.result_code = 'NOT_FOUND' then now() + 2 * cast(:#${properties:tenpay.wire.freshness} as interval)
            when j.new_status <> j.old_status then now() + cast(:#${properties:tenpay.reconcile.after} as interval)
            when j.contradicts and j.contradicted_at is null then now()
            when j.upheld or (j.confirms and j.contradicted_at is not null)
                then now() + cast(:#${properties:tenpay.reconcile.after} as interval)
            when j.unsent and r.reconcile_at is not null then now() + cast(:#${properties:tenpay.poll.interval} as interval)
            else r.reconcile_at end,
        -- A call that was never made doesn't count: neither as sent, nor as asked.
        submits = r.submits - case when j.unsent and j.source = 'refund' then 1 else 0 end,
        polls = greatest(r.polls - case when j.unsent and j.source like 'inquiry-%' then 1 else 0 end, 0),
        submitting_until = case when j.source = 'refund' and j.of_last_call then null else r.submitting_until end,
        updated_at = case when j.outcome = 'CHANGED' or j.upheld or j.new_review is distinct from j.old_review then now()
            else r.updated_at end
    from reviewed j
    where r.id = j.id
      and (j.outcome in ('CHANGED', 'CONFIRMED') or j.agreed or j.contradicts or (j.confirms and j.contradicted_at is not null) or j.unsent or j.source = 'refund' or j.new_review is distinct from j.old_review)
    returning r.*
), credited as (
    update payment p
    set refunded = p.refunded + j.amount,
        updated_at = now()
    from reviewed j
    where p.id = j.payment_id
      and j.new_status = 'SUCCEEDED' and j.old_status <> 'SUCCEEDED'
      and j.currency = p.currency
), history_rows as (
    insert into history (payment_id, refund_id, source, outcome, status_before, status_after, detail)
    select payment_id, id, source, outcome, old_status, new_status, nullif(concat_ws('; ',
            reason,
            case when upheld then 'asked again, Tenpay upholds its contradiction' end,
            case when of_another_id then format('refund_id %s, but this refund is %s', "refundId", coalesce(nullif(tenpay_refund_id, "refundId"), 'another')) end,
            case when new_status = 'SUCCEEDED' and old_status <> 'SUCCEEDED' and "succeededAt" is not null and succeeded_at is null
                then 'success_time is unreadable or out of range, so the time of receipt counts' end), '')
    from reviewed
    where not repeated and not (unsent and source like 'inquiry-%')
), told as (
    insert into erp_event (account, payment_id, refund_id, type, data, addressed)
    select m.account, m.payment_id, m.id, change.type, to_jsonb(m), exists (
        select from event_destination d where d.account = m.account and (d.types is null or change.type = any (d.types)))
    from moved m
    join reviewed j on j.id = m.id
    cross join lateral (values
        (1, 'refund.' || lower(j.new_status collate "C"), j.new_status <> j.old_status),
        (2, 'refund.review', j.upheld or (j.new_review is not null and j.new_review is distinct from j.old_review))
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
    order by destination
    on conflict (payment_id, destination) do update
    set pending = q.pending + excluded.pending,
        next_attempt_at = coalesce(q.next_attempt_at, excluded.next_attempt_at)
)
select cast(coalesce(to_jsonb(m), to_jsonb(h)) || jsonb_build_object('outcome', j.outcome, 'otherOrder', j.of_another, 'resultCode', j.result_code, 'detail', j.reason,
        'contradicts', j.contradicts, 'upheld', j.upheld) as text)
    as refund
from reviewed j
cross join locked h
left join moved m on true
