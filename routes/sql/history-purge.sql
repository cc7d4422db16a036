-- Deletes old history, some at a time; the payments and refunds themselves stay.
delete from history
-- An array, so that they are found by their key and never by reading all.
where id = any (array(
    select id
    from history
    where at < now() - cast(:#${properties:tenpay.retention.history} as interval)
    order by at
    limit 10000
    for update skip locked))
