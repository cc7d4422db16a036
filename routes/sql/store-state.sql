-- What waits in the store, each row a gauge: its columns but metric and value are labels. Counts end at 10000, since more is no
-- other message to a person, and each instance asks every few seconds.
with oldest as (
    select queue, min(since) as since from waiting_work group by queue
    union all
    -- A disabled or paused destination isn't late.
    select 'events', min(due.next_attempt_at)
    from event_destination d
    cross join lateral (
        select q.next_attempt_at
        from event_queue q
        where q.destination = d.destination and q.account = d.account and q.next_attempt_at is not null
        order by q.next_attempt_at
        limit 1
    ) due
    where d.disabled_at is null and (d.paused_until is null or d.paused_until <= now())
), queues (queue, parts, due) as (
    values
        ('payments', array['payments'], (select count(*) from (
            select from waiting_work w cross join lateral (
                select from payment where account = w.account and next_poll_at <= now() limit 10000) d
            where w.queue = 'payments' limit 10000) c)),
        ('refunds', array['refunds'], (select count(*) from (
            select from waiting_work w cross join lateral (
                select from refund where account = w.account and next_poll_at <= now() limit 10000) d
            where w.queue = 'refunds' limit 10000) c)),
        ('notifications', array['notifications'], (select count(*) from (
            select from waiting_work w cross join lateral (
                select from notification where account = w.account and next_attempt_at <= now() limit 10000) d
            where w.queue = 'notifications' limit 10000) c)),
        ('reconciliation', array['final_payments', 'final_refunds'], (select count(*) from (
            select from waiting_work w cross join lateral (
                (select from payment where w.queue = 'final_payments' and account = w.account and reconcile_at <= now() limit 10000)
                union all
                (select from refund where w.queue = 'final_refunds' and account = w.account and reconcile_at <= now() limit 10000)) d
            where w.queue in ('final_payments', 'final_refunds') limit 10000) c)),
        ('events', array['events'], (select count(*) from (
            select from event_destination d cross join lateral (
                select from event_queue q
                where q.destination = d.destination and q.account = d.account and q.next_attempt_at <= now() limit 10000) e
            limit 10000) c))
), reviews ("of", kind, open, since) as (
    select 'payment', review, count(*), min(review_since)
    from (select review, review_since from payment where review is not null limit 10000) r
    group by review
    union all
    select 'refund', review, count(*), min(review_since)
    from (select review, review_since from refund where review is not null limit 10000) r
    group by review
), kinds ("of", kind) as (
    select 'payment', unnest(array['LATE_SUCCESS', 'AMOUNT_MISMATCH', 'STATUS_MISMATCH', 'NUMBER_CONFLICT', 'PAYMENT_ID_MISMATCH', 'STUCK'])
    union all
    select 'refund', unnest(array['LATE_SUCCESS', 'AMOUNT_MISMATCH', 'STATUS_MISMATCH', 'PAYMENT_ID_MISMATCH', 'STUCK'])
)
select m.metric, q.queue, null as "of", null as kind, m.value
from queues q
cross join lateral (values
    ('tenpay.queue.oldest', greatest(0, extract(epoch from now() - (select min(since) from oldest o where o.queue = any (q.parts))))),
    ('tenpay.queue.size', q.due)) as m (metric, value)
union all
select m.metric, null, "of", kind, m.value
from kinds
full join reviews using ("of", kind)
cross join lateral (values
    ('tenpay.reviews.open', coalesce(open, 0)),
    ('tenpay.reviews.oldest', coalesce(extract(epoch from now() - since), 0))) as m (metric, value)
union all
select 'tenpay.payments.open', null, null, null, count(*) from (select from payment where next_poll_at is not null limit 10000) p
union all
select 'tenpay.refunds.open', null, null, null, count(*) from (select from refund where next_poll_at is not null limit 10000) r
