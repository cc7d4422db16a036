-- Deletes used signatures that are stale by now, some at a time: twice the largest tenpay.wire.freshness, since another
-- instance may have another one than this, and a margin for clocks that differ.
delete from used_signature
where digest in (
    select digest
    from used_signature
    where used_at < now() - interval '2 hours 10 minutes'
    order by used_at
    limit 10000
    for update skip locked)
