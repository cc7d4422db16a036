-- What was paid and refunded on each day of a time zone, by account, method and currency; sums are exact, and of what is committed.
with range as materialized (
    select
        string_to_array(:#${variable.accounts}, ',') as accounts,
        cast(:#${variable.timeZone} as text) as zone,
        cast(cast(:#${variable.reportFrom} as date) as timestamp) at time zone cast(:#${variable.timeZone} as text) as begins,
        cast(cast(:#${variable.reportTo} as date) + 1 as timestamp) at time zone cast(:#${variable.timeZone} as text) as ends
), paid as (
    select p.account, cast(p.paid_at at time zone f.zone as date) as day, p.payment_method, p.currency,
        count(*) as payments, sum(p.amount) as total,
        count(*) filter (where p.review = 'LATE_SUCCESS' or p.review_resolution ->> 'review' = 'LATE_SUCCESS') as late,
        coalesce(sum(p.amount) filter (where p.review = 'LATE_SUCCESS' or p.review_resolution ->> 'review' = 'LATE_SUCCESS'), 0) as late_total
    from range f
    cross join unnest(f.accounts) as a (account)
    join payment p on p.account = a.account and p.paid_at >= f.begins and p.paid_at < f.ends
    group by 1, 2, 3, 4
), refunded as (
    select r.account, cast(r.refunded_at at time zone f.zone as date) as day, p.payment_method, r.currency,
        count(*) as refunds, sum(r.amount) as total
    from range f
    cross join unnest(f.accounts) as a (account)
    join refund r on r.account = a.account and r.refunded_at >= f.begins and r.refunded_at < f.ends
    join payment p on p.id = r.payment_id
    group by 1, 2, 3, 4
), line as (
    select day, account, payment_method, currency, coalesce(p.payments, 0) as payments, coalesce(p.total, 0) as paid_total,
        coalesce(p.late, 0) as late, coalesce(p.late_total, 0) as late_total,
        coalesce(r.refunds, 0) as refunds, coalesce(r.total, 0) as refunded_total,
        coalesce(p.total, 0) - coalesce(r.total, 0) as net,
        format('account=%s&paymentMethod=%s&currency=%s&paidFrom=%s&paidTo=%s', account, payment_method, currency,
            to_char(cast(day as timestamp) at time zone f.zone at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            to_char(cast(day + 1 as timestamp) at time zone f.zone at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) as query
    from paid p
    full join refunded r using (day, account, payment_method, currency)
    cross join range f
    order by day, account, payment_method, currency
    limit 10001
)
select cast(json_build_object(
    'timeZone', (select zone from range),
    'lines', coalesce(json_agg(row_to_json(line) order by day, account, payment_method, currency), '[]')) as text) as report
from line
