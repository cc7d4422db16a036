-- Applies one result of Tenpay's to one refund: the only statement that writes a refund's status, and what was refunded. The
-- rules are in allowed_move (which status may follow), needs_review (what a person must see) and next_inquiry (what Tenpay is
-- asked next), as in payment-status.sql.
with result as (
    select *
    from jsonb_to_record(cast(:#${variable.tenpayResult} as jsonb)) as n (
        source text, "resultCode" text, status text, reason text, "merchantId" text, "orderNo" text, "refundNo" text, total text,
        currency text, "refundId" text, "succeededAt" text, unsent boolean, "submittedAt" timestamptz, signature text,
        "statusBefore" text, "contradictedAt" timestamptz, "requestId" text, "tenpayRequestId" text, traceparent text)
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
    -- The payment is locked first, as when a refund is decided, so that no two statements wait for each other.
    select p.id, p.amount, p.currency, p.created_at, p.payment_method, p.traceparent
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
        h.*, n.source, n."resultCode", n.status as result_status, n.reason as result_reason, coalesce(n.unsent, false) as unsent,
        n.total as result_total, n.currency as result_currency, n."refundId", n."succeededAt", n."statusBefore",
        cast(:#${variable.notification} as bytea) as notification,
        -- One that was taken in may be reported late.
        case h.origin when 'PORTAL' then paid.created_at else h.created_at end as earliest,
        -- A result that came late proves nothing about a call made since.
        n."submittedAt" is not distinct from h.submitted_at as of_last_call,
        -- Asked when the contradiction was known, so the answer may settle it.
        n."contradictedAt" is not distinct from h.contradicted_at as asked_since,
        n."resultCode" = 'STATUS' and ((n."merchantId", n."orderNo") is distinct from (h.merchant_id, h.order_no)
            -- Tenpay's own number is enough where the result, or the row, has no other.
            or not coalesce(n."refundNo" = h.refund_no
                or (n."refundId" = h.tenpay_refund_id and h.tenpay_refund_id in (n."refundNo", h.refund_no)), false))
            as of_other_refund,
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
    -- One signature is one message: a second use, here or elsewhere, finds it used. A status of an unknown refund is left to
    -- refund-import; a notification that can't be applied yet uses nothing.
    insert into used_signature (digest)
    select decode(n.signature, 'hex')
    from result n
    left join compared c on true
    where n.signature is not null
      and case
          when cast(:#${variable.notification} as bytea) is null then c.id is not null or n."resultCode" <> 'STATUS'
          else c."resultCode" = 'STATUS' and not c.of_other_refund
      end
    on conflict do nothing
    returning digest
), evaluated as materialized (
    select
        c.id, c.payment_id, c.account, c.amount, c.currency, c.result_total, c.result_currency, c.review_resolution, c.earliest, c.exceeds, c.status as old_status, c.review as old_review, c.refusal,
        c.submits, c.submitted_at, c.submitting_until, c.next_poll_at, c.reconcile_at, c.created_at, c.updated_at as finished_at,
        c.contradicted_at, c.contradiction_upheld_at, c.tenpay_refund_id, c.result_status, c.source, c.unsent, c."refundId",
        c."succeededAt", c."statusBefore", c.notification, c.of_last_call, c.asked_since, r.replayed,
        case when r.replayed then 'NONE' else c."resultCode" end as result_code,
        case when r.replayed then 'unverified answer: its signature was used before' else c.result_reason end as reason,
        -- In what a result differs from the refund that it was asked or sent for: the first that applies.
        case
            when r.replayed or c."resultCode" <> 'STATUS' then null
            when c.of_other_refund then 'ORDER'
            -- A success without its amount proves nothing; other results may leave it out.
            when (c.result_total is not null or c.result_currency is not null or c.result_status = 'SUCCEEDED')
                and (c.result_total, c.result_currency) is distinct from (cast(c.amount as text), c.currency) then 'AMOUNT'
            when c."refundId" <> c.tenpay_refund_id or exists (
                select from refund o where o.account = c.account and o.tenpay_refund_id = c."refundId" and o.id <> c.id) then 'ID'
        end as mismatch
    from compared c
    cross join result n
    cross join lateral (select n.signature is not null and case
            when c.notification is not null and (c."resultCode" <> 'STATUS' or c.of_other_refund)
                then exists (select from used_signature s where s.digest = decode(n.signature, 'hex'))
            else not exists (select from used)
        end as replayed
        -- Else it is copied into each mention of it.
        offset 0) r
), received as (
    -- A notification counts once: one that is done already changes nothing.
    insert into notification as x (account, kind, body, state)
    select account, 'refunds', notification, 'DONE'
    from evaluated
    where notification is not null
      -- A result that names another refund belongs to that one.
      and mismatch is distinct from 'ORDER'
      -- Nor one whose signature was used, or without a known status: a mapping corrected within a day still takes it.
      and result_code = 'STATUS'
    on conflict (account, kind, body_hash) do update
    set state = 'DONE', next_attempt_at = null, problem = null
    where x.state <> 'DONE'
    returning account, body_hash
), requested as materialized (
    select j.*,
        j.notification is not null
            and (j.replayed or (j.mismatch is distinct from 'ORDER' and j.result_code = 'STATUS' and x.body_hash is null)) as repeated,
        case
            when mismatch in ('ORDER', 'AMOUNT') then old_status
            -- Of another id only money counts: how the other attempt failed proves nothing about this one.
            when mismatch = 'ID' and result_status <> 'SUCCEEDED' then old_status
            when result_code = 'STATUS' then result_status
            -- A refusal frees no amount alone, but once Tenpay then has no such refund, and no call can still arrive.
            when result_code = 'NOT_FOUND' and old_status = 'CREATED' and refusal is not null and of_last_call
                and (submitting_until is null or submitting_until < now())
                and (submits = 1 or submitted_at < now() - cast(:#${properties:tenpay.poll.resend-after} as interval)) then 'FAILED'
            else old_status
        end as requested_status
    from evaluated j
    left join received x on x.account = j.account and x.body_hash = sha256(j.notification)
), allowed_move as materialized (
    select *,
        case when not repeated and old_status || '>' || requested_status in (
            'CREATED>PENDING', 'CREATED>SUCCEEDED', 'CREATED>FAILED',
            'PENDING>SUCCEEDED', 'PENDING>FAILED',
            -- A success is money: it is recorded even when it comes late.
            'FAILED>SUCCEEDED'
        ) then requested_status else old_status end as new_status
    from requested
), contradiction as materialized (
    select *,
        -- A verified result that speaks against a final status. An inquiry does so only when it was final before the question.
        new_status = old_status and not repeated and mismatch is null
            and coalesce(case
                when old_status = 'SUCCEEDED' and result_code = 'STATUS' and result_status = 'FAILED' then true
                when source like 'inquiry-%' and "statusBefore" = old_status and result_code = 'STATUS' and result_status = 'PENDING'
                    then old_status not in ('CREATED', 'PENDING')
                when source like 'inquiry-%' and "statusBefore" = old_status and result_code = 'NOT_FOUND' then old_status = 'SUCCEEDED'
            end, false) as contradicts,
        -- Asked about it, Tenpay answers the same.
        source like 'inquiry-%' and asked_since and mismatch is null
            and ((result_code = 'STATUS' and result_status = new_status) or (result_code = 'NOT_FOUND' and new_status = 'FAILED')) as confirms
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
            -- It may be the only trace of money paid out twice.
            when mismatch = 'ID' then 'PAYMENT_ID_MISMATCH'
            when exceeds and new_status in ('PENDING', 'SUCCEEDED') then 'AMOUNT_MISMATCH'
            when old_status = 'FAILED' and new_status = 'SUCCEEDED' and old_review is distinct from 'PAYMENT_ID_MISMATCH' then 'LATE_SUCCESS'
            -- It replaces a weaker review; beside any other the contradiction is reported under that one.
            when upheld and coalesce(old_review, 'STUCK') in ('STUCK', 'LATE_SUCCESS') then 'STATUS_MISMATCH'
            when agreed and old_review = 'STATUS_MISMATCH' then null
            when new_status in ('CREATED', 'PENDING')
                and now() > created_at + cast(:#${properties:tenpay.poll.refund-stuck-after} as interval)
                then coalesce(old_review, 'STUCK')
            when old_review = 'STUCK' and new_status not in ('CREATED', 'PENDING') then null
            else old_review
        end as found_review,
        -- What Tenpay said, for the person who must compare it with ours.
        jsonb_strip_nulls(jsonb_build_object('status', case result_code when 'STATUS' then result_status else result_code end,
            'total', result_total, 'currency', result_currency, 'id', "refundId")) as theirs,
        case
            when repeated then 'REPEATED'
            when mismatch in ('ORDER', 'AMOUNT') then 'MISMATCH'
            when new_status <> old_status then 'CHANGED'
            when mismatch = 'ID' then 'MISMATCH'
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
            -- An inquiry is to agree: at once, or when no call before the one that was refused can still arrive.
            when result_code = 'REFUSED' and new_status = 'CREATED' then case
                when submits = 1 then now()
                else greatest(now(), submitted_at + cast(:#${properties:tenpay.poll.resend-after} as interval) + interval '1 second') end
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
    update refund r
    set status = j.new_status,
        review = j.new_review,
        review_theirs = case when j.new_review is not null and (j.new_review is distinct from j.old_review or j.upheld) then j.theirs
            else r.review_theirs end,
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
        next_poll_at = j.poll_at,
        reconcile_at = j.compare_at,
        -- A call that was never made doesn't count: neither as sent, nor as asked.
        submits = r.submits - case when j.unsent and j.source = 'refund' then 1 else 0 end,
        polls = greatest(r.polls - case when j.unsent and j.source like 'inquiry-%' then 1 else 0 end, 0),
        submitting_until = case when j.source = 'refund' and j.of_last_call then null else r.submitting_until end,
        updated_at = case when j.outcome = 'CHANGED' or j.upheld or j.new_review is distinct from j.old_review then now()
            else r.updated_at end
    from next_inquiry j
    where r.id = j.id
      and (j.outcome in ('CHANGED', 'CONFIRMED') or j.agreed or j.contradicts or (j.confirms and j.contradicted_at is not null)
        or j.unsent or j.source = 'refund' or j.new_review is distinct from j.old_review)
    returning r.id, r.payment_id, r.account, to_jsonb(r) as refund
), credited as (
    update payment p
    set refunded = p.refunded + j.amount,
        updated_at = now()
    from needs_review j
    where p.id = j.payment_id
      and j.new_status = 'SUCCEEDED' and j.old_status <> 'SUCCEEDED'
      and j.currency = p.currency
), history_rows as (
    insert into history (payment_id, refund_id, source, outcome, status_before, status_after, request_id, tenpay_request_id, detail)
    select payment_id, id, source, outcome, old_status, new_status, (select "requestId" from result), (select "tenpayRequestId" from result),
        nullif(concat_ws('; ',
            reason,
            case when upheld then 'asked again, Tenpay upholds its contradiction' end,
            case when mismatch = 'AMOUNT' then format('Tenpay names %s, but this refund is of %s %s, in minor units',
                coalesce(nullif(concat_ws(' ', result_total, result_currency), ''), 'no amount'), amount, currency) end,
            case when exceeds and new_review = 'AMOUNT_MISMATCH' then format('this refund of %s %s, in minor units, is of more than was left', amount, currency) end,
            case when mismatch = 'ID' or (mismatch = 'AMOUNT' and "refundId" <> tenpay_refund_id)
                then format('refund_id %s, but this refund is %s', "refundId", coalesce(nullif(tenpay_refund_id, "refundId"), 'another')) end,
            case when new_status = 'SUCCEEDED' and old_status <> 'SUCCEEDED' and "succeededAt" is not null and succeeded_at is null
                then 'success_time is unreadable or out of range, so the time of receipt counts' end), '')
    from needs_review
    where not repeated and not (unsent and source like 'inquiry-%')
), events as (
    -- The table's trigger adds their deliveries.
    insert into erp_event (account, payment_id, refund_id, type, request_id, traceparent, data)
    select m.account, m.payment_id, m.id, change.type, (select "requestId" from result),
        coalesce((select traceparent from result), (select traceparent from paid)), m.refund
    from moved m
    join needs_review j on j.id = m.id
    cross join lateral (values
        (1, 'refund.' || lower(j.new_status collate "C"), j.new_status <> j.old_status),
        (2, 'refund.review', j.upheld or (j.new_review is not null and j.new_review is distinct from j.old_review))
    ) as change (ordinal, type, happened)
    where change.happened
    -- Events of a payment go out in the order of their ids.
    order by change.ordinal
)
select cast(coalesce(m.refund, to_jsonb(h)) || jsonb_build_object('outcome', j.outcome, 'otherOrder', j.mismatch is not distinct from 'ORDER',
        'resultCode', j.result_code, 'detail', j.reason, 'age', extract(epoch from now() - j.created_at),
        'payment_method', (select payment_method from paid), 'traceparent', (select traceparent from paid), 'contradicts', j.contradicts, 'upheld', j.upheld) as text)
    as refund
from needs_review j
cross join locked h
left join moved m on true
