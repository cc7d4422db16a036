-- Notes that an act begins, unless its form was sent before: then what came of it.
with new as (
    insert into console_audit (person, act, account, subject, address, outcome, request_id, form)
    values (
        :#${variable.auditPerson}, :#${variable.auditAct}, nullif(:#${variable.auditAccount}, ''), nullif(:#${variable.auditSubject}, ''),
        :#${variable.auditAddress}, nullif(:#${variable.auditOutcome}, ''), :#${variable.auditRequestId}, :#${variable.auditForm})
    on conflict (person, form) do nothing
    returning id
)
select cast(jsonb_build_object(
    'id', (select id from new),
    'fresh', exists (select from new),
    'first', (
        select jsonb_build_object('act', act, 'account', coalesce(account, ''), 'subject', coalesce(subject, ''), 'outcome', outcome)
        from console_audit
        where person = :#${variable.auditPerson} and form = :#${variable.auditForm})) as text) as note
