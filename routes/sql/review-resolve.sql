-- Resolves the review of one payment or one of its refunds as a person decided, once, with history and event.
with decision as (
    select
        cast(:#${variable.paymentRowId} as bigint) as payment_row_id,
        cast(:#${variable.refundRowId} as bigint) as refund_row_id,
        cast(:#${variable.reviewOutcome} as text) as outcome,
        cast(:#${variable.reviewNote} as text) as note,
        cast(:#${variable.client} as text) as client
), locked_payment as (
    -- The payment first, as when a result is applied: no two can wait for each other.
    select p.* from decision d join payment p on p.id = d.payment_row_id for update of p
), locked_refund as (
    select r.* from locked_payment p join refund r on r.payment_id = p.id where r.id = (select refund_row_id from decision) for update of r
), found as (
    select id as payment_id, cast(null as bigint) as refund_id, account, status, review, review_theirs, review_resolution
    from locked_payment
    where (select refund_row_id from decision) is null
    union all
    select payment_id, id, account, status, review, review_theirs, review_resolution
    from locked_refund
), evaluated as materialized (
    select f.*, d.outcome, d.note, d.client,
        case
            when f.review is not null then 'RESOLVED'
            when f.review_resolution is null then 'NOT_OPEN'
            when (f.review_resolution ->> 'client', f.review_resolution ->> 'outcome', f.review_resolution ->> 'note')
                is not distinct from (d.client, d.outcome, d.note) then 'REPEATED'
            else 'ALREADY'
        end as result,
        jsonb_build_object('review', f.review, 'outcome', d.outcome, 'note', d.note, 'client', d.client, 'at', now(), 'theirs', f.review_theirs)
            as resolution
    from found f
    cross join decision d
), resolved_payment as (
    update payment p
    set review = null,
        review_resolution = e.resolution,
        next_poll_at = case when e.outcome = 'ASK_AGAIN' and p.next_poll_at is not null then now() else p.next_poll_at end,
        reconcile_at = case
            when e.status in ('CREATED', 'PENDING') then p.reconcile_at
            when e.outcome = 'ASK_AGAIN' then now()
            else null end,
        -- Asked again, Tenpay may uphold its contradiction anew; a kept one is no contradiction any more.
        contradicted_at = case when e.outcome = 'ASK_AGAIN' then p.contradicted_at end,
        contradiction_upheld_at = null,
        updated_at = now()
    from evaluated e
    where e.result = 'RESOLVED' and e.refund_id is null and p.id = e.payment_id
    returning p.id as payment_id, cast(null as bigint) as refund_id, p.account, to_jsonb(p) - 'content' as data
), resolved_refund as (
    update refund r
    set review = null,
        review_resolution = e.resolution,
        next_poll_at = case when e.outcome = 'ASK_AGAIN' and r.next_poll_at is not null then now() else r.next_poll_at end,
        reconcile_at = case
            when e.status in ('CREATED', 'PENDING') then r.reconcile_at
            when e.outcome = 'ASK_AGAIN' then now()
            else null end,
        contradicted_at = case when e.outcome = 'ASK_AGAIN' then r.contradicted_at end,
        contradiction_upheld_at = null,
        updated_at = now()
    from evaluated e
    where e.result = 'RESOLVED' and r.id = e.refund_id
    returning r.payment_id, r.id as refund_id, r.account, to_jsonb(r) as data
), resolved as (
    select * from resolved_payment union all select * from resolved_refund
), history_rows as (
    insert into history (payment_id, refund_id, source, outcome, status_before, status_after, detail, request_id)
    select payment_id, refund_id, 'review', 'RESOLVED', status, status, format('%s: %s by client %s: %s', review, outcome, client, note),
        cast(:#${variable.requestId} as text)
    from evaluated
    where result = 'RESOLVED'
), events as (
    -- The table's trigger adds their deliveries.
    insert into erp_event (account, payment_id, refund_id, type, request_id, traceparent, data)
    select account, payment_id, refund_id,
        case when refund_id is null then 'payment.review_resolved' else 'refund.review_resolved' end,
        cast(:#${variable.requestId} as text), cast(:#${variable.traceparent} as text), data
    from resolved
)
select cast(jsonb_build_object('outcome', e.result, 'detail', case e.result
        when 'ALREADY' then format('client %s resolved this review at %s with %s; nothing was changed by this request',
            e.review_resolution ->> 'client', e.review_resolution ->> 'at', e.review_resolution ->> 'outcome')
        when 'NOT_OPEN' then 'no review is open; nothing is left to resolve'
    end) as text) as result
from evaluated e
