#!/usr/bin/env bash
# How the events' lists and measures do with ten million events: docs/scaling.md.
# Needs psql and an EMPTY database that may be thrown away, named by PGHOST, PGPORT, PGUSER, PGDATABASE. About 12 GB.
#   src/bench/event-lists.sh [events]
set -euo pipefail
cd "$(dirname "$0")/../.."
events=${1:-10000000}
sql() { psql -qX -v ON_ERROR_STOP=1 "$@"; }

for migration in src/main/resources/db/migration/V*.sql; do sql -f "$migration"; done
# Two events a payment; of a hundred accounts `main` has half. Everything arrived but the newest of another account, whose
# receiver is away, a few dead ones of a year ago, and what `main` doesn't want to hear.
sql <<SQL
set synchronous_commit = off;
insert into event_destination (account, destination, address)
    select 'a' || n, 'http', cast('' as bytea) from generate_series(1, 99) n union all select 'main', 'http', '';
insert into payment (account, order_no, status, payment_method, region, amount, currency, description, content,
    merchant_id, app_id, method_key, notify_url, expires_at, paid_at, created_at)
select case when n % 2 = 0 then 'main' else 'a' || n % 99 + 1 end, 'SO-' || lpad(cast(n as text), 9, '0'), 'SUCCEEDED', 'PAYNOW', 'SG', 1050, 'SGD', 'x', '{}', 'm', 'a',
    'PAYNOW', 'u', now(), now(), now() - n * interval '3 s'
from generate_series(1, $events / 2) n;
insert into erp_event (account, payment_id, type, data, created_at, addressed)
select account, id, type, '{"status": "SUCCEEDED"}', created_at + place * interval '1 s', id % 100000 <> 7 or account <> 'main'
from payment cross join (values (0, 'payment.pending'), (1, 'payment.succeeded')) t (place, type)
order by created_at, place;
insert into event_delivery (event_id, destination, payment_id, account, state, attempts, created_at, finished_at)
select id, 'http', payment_id, account, s.state, 1, created_at, case when s.state <> 'PENDING' then created_at end
from erp_event cross join lateral (select case
    when account = 'a7' and created_at > now() - interval '1 d' then 'PENDING'
    when payment_id % 50000 = 3 then 'DEAD' else 'DELIVERED' end as state) s
where addressed;
insert into event_queue (payment_id, destination, account, pending, next_attempt_at)
select payment_id, 'http', account, count(*) filter (where state = 'PENDING'),
    case when count(*) filter (where state = 'PENDING') > 0 then now() - interval '1 h' end
from event_delivery group by payment_id, account;
SQL
sql -c "vacuum analyze"

# As the program binds them.
parameters=(accounts status orderNo cursor limit)
statement() {
    local text; text=$(sed '/^ *--/d' "routes/sql/$1.sql")
    for i in "${!parameters[@]}"; do text=${text//":#\${variable.${parameters[$i]}}"/\$$((i + 1))}; done
    echo "$text"
}
asked() { # what, then the values
    local what=$1 values; shift
    values=$(printf '%s, ' "$@")
    for mode in force_custom_plan force_generic_plan; do
        sql -At -c "set plan_cache_mode = $mode; set jit = off" \
            -c "prepare list (text, text, text, text, text) as $(statement event-list)" \
            -c "explain (analyze, buffers) execute list (${values%, })" > /tmp/event-lists.plan
        grep -q "Seq Scan on \(erp_event\|payment\|event_delivery\)" /tmp/event-lists.plan && whole=", READS A WHOLE TABLE" || whole=
        echo "$what, $mode: $(grep -o 'Execution Time.*' /tmp/event-lists.plan)$whole"
    done
}
all="'$(sql -Atc "select string_agg(account, ',') from event_destination")'"
asked "orderNo" "'main'" null "'SO-$(printf %09d $((events / 4 / 2 * 2)))'" null null
asked "orderNo, of a hundred accounts" "$all" null "'SO-000001001'" null null
cat /tmp/event-lists.plan
asked "newest" "'main'" null null null "'200'"
asked "newest, of a hundred accounts" "$all" null null null "'200'"
for status in UNADDRESSED DELIVERED PENDING DEAD; do
    asked "$status" "$all" "'$status'" null null "'200'"
done
asked "a page in the middle" "'main'" "'DELIVERED'" null "'$(sql -Atc "select cast(extract(epoch from now() - interval '40 d') * 1000000 as bigint)")-1'" "'50'"
for measure in queue-age event-backlog; do
    sql -At -c "set jit = off" -c "explain (analyze, buffers) $(sed '/^ *--/d' routes/sql/$measure.sql)" > /tmp/event-lists.plan
    echo "$measure: $(grep -o 'Execution Time.*' /tmp/event-lists.plan)"
done
sql -Atc "select 'erp_event ' || pg_size_pretty(pg_total_relation_size('erp_event')) || ', of it erp_event_unaddressed '
    || pg_size_pretty(pg_relation_size('erp_event_unaddressed')) || '; event_delivery '
    || pg_size_pretty(pg_total_relation_size('event_delivery'))"
