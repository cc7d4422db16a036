-- An idempotency key belongs to the first request it came with: says whether this is that request. Old keys are forgotten.
with forgotten as (
    delete from idempotency_key
    where (client, key) in (
        select client, key
        from idempotency_key
        where used_at < now() - cast(:#${properties:tenpay.idempotency-keys.keep} as interval)
          and (client, key) <> (:#${variable.client}, :#${variable.idempotencyKey})
        limit 10
        for update skip locked)
)
insert into idempotency_key as k (client, key, request)
values (:#${variable.client}, :#${variable.idempotencyKey}, sha256(convert_to(:#${variable.request} || cast(cast(:#${variable.content} as jsonb) as text), 'UTF8')))
on conflict (client, key) do update
set request = case when k.used_at < now() - cast(:#${properties:tenpay.idempotency-keys.keep} as interval)
        then excluded.request else k.request end,
    used_at = case when k.request = excluded.request
        or k.used_at < now() - cast(:#${properties:tenpay.idempotency-keys.keep} as interval)
        then now() else k.used_at end
returning k.request = sha256(convert_to(:#${variable.request} || cast(cast(:#${variable.content} as jsonb) as text), 'UTF8')) as same
