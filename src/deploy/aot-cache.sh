#!/usr/bin/env bash
# Lets the extracted program run once, so that the JVM needn't read and link its classes at every start: docs/performance.md.
# Needs Java 25 or newer, PostgreSQL's server programs and curl; no keys and no settings, it is the sandbox that runs.
# Not as root, which PostgreSQL refuses.
#   src/deploy/aot-cache.sh <folder of tenpay-global-routes.jar and its lib>     leaves app.aot there
set -euo pipefail
version=$(java -XshowSettings:properties -version 2>&1 | sed -n 's/.*java.specification.version = //p')
[ "${version%%.*}" -ge 25 ] || { echo "java is version $version, and this needs 25 or newer: put one first in PATH"; exit 1; }
echo "starting the program once to learn from it; some minutes"
# In full, as it will be started: the JVM takes the same file by another name for another file.
app=$(cd "$1" && pwd)
work=$(mktemp -d)
port=${AOT_PORT:-18099} database=${AOT_DATABASE_PORT:-18098}
PATH=$PATH:$(echo /usr/lib/postgresql/*/bin | tr ' ' ':')

initdb -D "$work/database" -U tenpay -A trust > /dev/null
pg_ctl -D "$work/database" -o "-p $database -k $work -c listen_addresses=127.0.0.1" -l "$work/postgres.log" -w start > /dev/null
program=
trap 'kill $program 2> /dev/null || true; pg_ctl -D "$work/database" -m immediate stop > /dev/null; rm -rf "$work"' EXIT

export SPRING_PROFILES_ACTIVE=sandbox SERVER_PORT=$port TENPAY_SANDBOX_FOLDER=$work/sandbox
export TENPAY_SANDBOX_SERVERURL=jdbc:postgresql://127.0.0.1:$database/postgres TENPAY_SANDBOX_SERVERUSERNAME=tenpay
# Without the profiles of so short a run: the JVM would hold for cold what it didn't see often, and compile it late.
java -XX:+UnlockDiagnosticVMOptions -XX:-AOTRecordTraining -XX:AOTCacheOutput="$app/app.aot" -jar "$app/tenpay-global-routes.jar" > "$work/program.log" 2>&1 &
program=$!
until curl -fs "http://127.0.0.1:$port/actuator/health/readiness" > /dev/null; do
    kill -0 $program 2> /dev/null || { cat "$work/program.log"; exit 1; }
    sleep 0.5
done
# The main job for some seconds: the shopper pays after a few, and notification and event load what they need too.
order() {
    curl -fs "http://127.0.0.1:$port/v1/payments" -H 'X-API-Key: sandbox-key' -H 'Content-Type: application/json' -d \
        '{"orderNo":"AOT-'"$1"'","paymentMethod":"PAYNOW","region":"SG","amount":{"total":1050,"currency":"SGD"},"description":"2 x latte"}'
    curl -fs "http://127.0.0.1:$port/v1/payments/AOT-$1" -H 'X-API-Key: sandbox-key'
}
for number in $(seq 1000 1499); do order "$number" > /dev/null; done
kill $program
wait $program || true
program=
test -s "$app/app.aot" || { cat "$work/program.log"; exit 1; }
