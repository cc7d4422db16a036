-- Deletes what people did longer ago than it is kept, oldest first.
delete from console_audit
where id in (
    select id
    from console_audit
    where at < now() - cast(:#${properties:tenpay.retention.audit} as interval)
    order by at
    limit 10000
    for update skip locked)
