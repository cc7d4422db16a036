#!/usr/bin/env bash
# Dumps the database of PGHOST, PGPORT, PGUSER and PGDATABASE into a folder, now and then every EVERY_SECONDS (0: once), and keeps the
# newest KEEP. A dump has its name only once pg_restore can read it; docs/operations.md restores it.
#   backup.sh <folder>
set -euo pipefail
umask 077
folder=$1 every=${EVERY_SECONDS:-0} keep=${KEEP:-14}
[ -n "${PASSWORD_FILE:-}" ] && { PGPASSWORD=$(<"$PASSWORD_FILE"); export PGPASSWORD; }
while :; do
    name=$folder/tenpay-$(date -u +%Y%m%dT%H%M%SZ).dump
    if pg_dump --format=custom --compress=6 --lock-wait-timeout=60s --file="$name.part" \
            && pg_restore --list "$name.part" > /dev/null; then
        mv "$name.part" "$name"
        echo "$name: $(stat -c %s "$name") bytes"
        find "$folder" -name 'tenpay-*.dump' | sort -r | tail -n +$((keep + 1)) | xargs -r rm --
    else
        rm -f "$name.part"
        echo "FAILED: no dump at $name; the older ones are kept" >&2
        [ "$every" -gt 0 ] || exit 1
    fi
    [ "$every" -gt 0 ] || exit 0
    # Ends at once on SIGTERM.
    sleep "$every" & wait $!
done
