-- Notes how an act ended.
update console_audit
set outcome = :#${variable.auditOutcome}
where id = cast(:#${variable.auditId} as bigint)
