-- Deletes old attempts, some at a time, so that a receiver that never answers doesn't fill the database.
delete from event_attempt
-- An array, so that they are found by their key and never by reading all.
where id = any (array(
    select id
    from event_attempt
    where at < now() - cast(:#${properties:tenpay.retention.event-attempts} as interval)
    order by at
    limit 10000
    for update skip locked))
