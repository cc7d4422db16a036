-- Deletes idempotency keys older than they are kept, oldest first, of all clients.
delete from idempotency_key
where (client, key) in (
    select client, key
    from idempotency_key
    where used_at < now() - cast(:#${properties:tenpay.retention.idempotency-keys} as interval)
    order by used_at
    limit 10000
    for update skip locked)
