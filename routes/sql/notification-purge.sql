-- Deletes old notifications that were processed or given up, some at a time.
delete from notification
-- An array, so that they are found by their key and never by reading all.
where id = any (array(
    select id
    from notification
    where next_attempt_at is null
      and received_at < now() - cast(:#${properties:tenpay.retention.notifications} as interval)
    order by received_at
    limit 10000
    for update skip locked))
