-- Frees the key of a request that was refused and stored nothing; not one that a repetition of it has kept meanwhile.
delete from idempotency_key
where client = :#${variable.client}
    and key = :#${variable.idempotencyKey}
    and used_at = cast(:#${variable.keyBinding} as timestamptz)
