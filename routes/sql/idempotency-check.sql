-- Binds an idempotency key to the first request it came with: returns REUSED, REPEATED, or the time at which it was bound now.
insert into idempotency_key as k (client, key, request)
values (:#${variable.client}, :#${variable.idempotencyKey}, sha256(convert_to(:#${variable.request} || cast(cast(:#${variable.content} as jsonb) as text), 'UTF8')))
on conflict (client, key) do update
-- A repetition leaves the time as it is, so that a release of the first request, on its way, still finds its own binding.
set request = case when k.used_at < now() - cast(:#${properties:tenpay.retention.idempotency-keys} as interval)
        then excluded.request else k.request end,
    used_at = case when k.used_at < now() - cast(:#${properties:tenpay.retention.idempotency-keys} as interval)
        then now() else k.used_at end
returning case
    when k.request <> sha256(convert_to(:#${variable.request} || cast(cast(:#${variable.content} as jsonb) as text), 'UTF8')) then 'REUSED'
    when k.used_at <> now() then 'REPEATED'
    else cast(k.used_at as text)
end as binding
