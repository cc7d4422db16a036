#!/usr/bin/env bash
# How the poller's claim does with ten million finished payments and a hundred thousand due ones: docs/reliability.md.
# Needs psql and an EMPTY database that may be thrown away, named by PGHOST, PGPORT, PGUSER, PGDATABASE. About 6 GB.
#   src/bench/poll-index.sh [finished] [due]
set -euo pipefail
cd "$(dirname "$0")/../.."
finished=${1:-10000000} due=${2:-100000}
sql() { psql -qX -v ON_ERROR_STOP=1 "$@"; }

# The statement as the program runs it, with the settings of application.yaml.
claim=$(sed -e '/^ *--/d' \
    -e "s/:#\${variable.pausedAccounts}/''/" \
    -e "s/:#\${variable.ownAccounts}/'main'/" \
    -e "s/:#\${variable.capacity}/'20'/" \
    -e "s/:#\${variable.accountCapacity}/'20'/" \
    -e "s/:#\${variable.accountCapacities}/'{}'/" \
    -e "s/:#\${properties:tenpay.poll.stuck-after}/'1h'/" \
    -e "s/:#\${properties:tenpay.poll.stuck-interval}/'6h'/" \
    -e "s/:#\${properties:tenpay.poll.after-expiry}/'5s'/" \
    -e "s/:#\${properties:tenpay.poll.interval}/'30s'/" \
    -e "s/:#\${properties:tenpay.poll.max-delay}/'30m'/" routes/sql/payment-claim.sql)

for migration in src/main/resources/db/migration/V*.sql; do sql -f "$migration"; done
# Vacuumed by hand below, so that its absence can be seen.
sql -c "alter table payment set (autovacuum_enabled = off)"
insert="insert into payment (account, order_no, status, payment_method, region, amount, currency, description, content,
    merchant_id, app_id, method_key, notify_url, expires_at, paid_at, next_poll_at, created_at)"
columns="'PAYNOW', 'SG', 1050, 'SGD', '2 x latte', '{\"orderNo\": \"SO\"}',
    '2480000001', 'wx0123456789abcdef', 'PAYNOW', 'https://erp.example.com/webhooks/tenpay/main/payments'"
sql -c "$insert select 'main', 'SO-2026-' || n, 'SUCCEEDED', $columns, now() - n * interval '1 s', now() - n * interval '1 s', null,
    now() - n * interval '1 s' from generate_series(1, $finished) n"
sql -c "$insert select 'main', 'DUE-2026-' || n, 'PENDING', $columns, now() + interval '1 h', null, now() - random() * interval '10 min',
    now() from generate_series(1, $due) n"
sql -c "vacuum analyze payment"
sql -c "create procedure churn(claims integer) language plpgsql as \$\$
    declare taken record;
    begin for i in 1..claims loop for taken in $claim loop end loop; commit; end loop; end \$\$"

measure() {
    echo "== $1"
    for _ in 1 2 3; do
        sql -At -c "explain (analyze, buffers) $claim" | tee /tmp/poll-index.plan |
            grep -E "Index Scan using payment_due|^Execution Time|Seq Scan" || true
    done
}

measure "as made"
cat /tmp/poll-index.plan
sql -c "call churn(1000)"; measure "after 1000 claims (20000 rows), no vacuum"
sql -c "call churn(3000)"; measure "after 4000 claims (80000 rows), no vacuum"
sql -c "vacuum payment"; measure "after a vacuum"
# What was claimed becomes due again and again: the same rows, ten times over.
for round in 1 2 3 4 5; do
    sql -c "update payment set next_poll_at = now() - random() * interval '10 min' where next_poll_at is not null"
    sql -c "call churn(2000)"
done
measure "after five more rounds of everything, no vacuum"
sql -c "vacuum payment"; measure "after a vacuum"
# The worst case: a transaction that stays open (a backup, a forgotten psql) keeps every dead entry alive.
sql -c "update payment set next_poll_at = now() - random() * interval '10 min' where next_poll_at is not null"
sql -c "vacuum payment"
sql -c "begin isolation level repeatable read" -c "select count(*) from refund" -c "select pg_sleep(3600)" > /dev/null &
open=$!
sleep 1
sql -c "call churn(1000)"; measure "after 1000 claims beside a transaction that stays open"
kill $open
sql -Atc "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(3600)%' and pid <> pg_backend_pid()" > /dev/null
sql -c "vacuum payment"; measure "after it has ended, and a vacuum"
sql -Atc "select 'payment_due: ' || pg_size_pretty(pg_relation_size('payment_due')) || ', payment: '
    || pg_size_pretty(pg_table_size('payment'))"
