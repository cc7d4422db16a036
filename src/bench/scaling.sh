#!/usr/bin/env bash
# What a number of cores carries, by the measured cost of each piece of work: docs/scaling.md explains the result.
#   src/bench/scaling.sh [cores of the program] [cores of PostgreSQL] [payments a day]
# The costs are milliseconds of processor time, from docs/performance.md; set them to what you measured yourself.
set -euo pipefail
program_cores=${1:-2} database_cores=${2:-2} per_day=${3:-1000000}
# One payment is one order, one notification, one event to the ERP, and as often as said here is it looked at and asked about.
: "${LOOKS:=2}" "${INQUIRIES:=1.2}"
# Of the program, then of PostgreSQL, at full load on a quiet machine. An event is what the run of events costs beyond its
# notifications, a look at most what the mix costs beyond its orders and notifications.
: "${ORDER:=0.95}" "${WEBHOOK:=0.3}" "${INQUIRY:=0.7}" "${EVENT:=0.2}" "${LOOK:=1.0}"
: "${ORDER_DB:=0.4}" "${WEBHOOK_DB:=0.25}" "${INQUIRY_DB:=0.35}" "${EVENT_DB:=0.2}" "${LOOK_DB:=0.2}"
# Bytes that a payment leaves behind, indexes included: kept for ever, and until maintenance takes it.
: "${KEPT:=3400}" "${FOR_A_TIME:=1800}" "${DAYS:=90}"
# How full a core may be before queues grow, and how much busier the busiest second is than the average one.
: "${FULL:=0.6}" "${PEAK:=8}"
awk -v pc="$program_cores" -v dc="$database_cores" -v day="$per_day" -v looks="$LOOKS" -v asks="$INQUIRIES" \
    -v o="$ORDER" -v w="$WEBHOOK" -v i="$INQUIRY" -v e="$EVENT" -v l="$LOOK" \
    -v od="$ORDER_DB" -v wd="$WEBHOOK_DB" -v id="$INQUIRY_DB" -v ed="$EVENT_DB" -v ld="$LOOK_DB" \
    -v kept="$KEPT" -v time="$FOR_A_TIME" -v days="$DAYS" -v full="$FULL" -v peak="$PEAK" 'BEGIN {
    program = o + w + e + looks * l + asks * i
    database = od + wd + ed + looks * ld + asks * id
    by_program = pc * 1000 * full / program
    by_database = dc * 1000 * full / database
    printf "one payment, all of it: %.1f ms of the program, %.1f ms of PostgreSQL\n", program, database
    printf "%d cores of the program carry %.0f payments/s, %d cores of PostgreSQL %.0f/s: the limit is %s\n",
        pc, by_program, dc, by_database, by_program < by_database ? "the program" : "PostgreSQL"
    need = day / 86400 * peak
    printf "%d payments a day, %.0f/s in the busiest second, need %.1f cores of the program and %.1f of PostgreSQL\n",
        day, need, need * program / 1000 / full, need * database / 1000 / full
    printf "they leave %.1f GB a day, %.0f GB a year for ever, and %.0f GB that come and go\n",
        day * (kept + time) / 1e9, day * 365 * kept / 1e9, day * days * time / 1e9
}'
