-- Keeps the key of a repeated request that was answered well, also where the first of them was refused and frees it now.
insert into idempotency_key as k (client, key, request, used_at)
values (:#${variable.client}, :#${variable.idempotencyKey}, sha256(convert_to(:#${variable.request} || cast(cast(:#${variable.content} as jsonb) as text), 'UTF8')), clock_timestamp())
on conflict (client, key) do update
set used_at = excluded.used_at
where k.request = excluded.request
