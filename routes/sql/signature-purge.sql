-- Deletes used signatures that are stale by now, some at a time; the margin is for clocks that differ.
delete from used_signature
where digest in (
    select digest
    from used_signature
    where used_at < now() - 2 * cast(:#${properties:tenpay.wire.freshness} as interval) - interval '10 minutes'
    order by used_at
    limit 10000
    for update skip locked)
