-- A page of what people did with these accounts or with none, newest first.
select cast(jsonb_build_object('acts', coalesce(jsonb_agg(to_jsonb(page) order by page.id desc), '[]')) as text) as page
from (
    select id, at, person, act, account, subject, address, outcome, request_id
    from console_audit
    where id < coalesce(cast(:#${variable.auditCursor} as bigint), 9223372036854775807)
      and (account is null or account = any (string_to_array(:#${variable.auditAccounts}, ',')))
    order by id desc
    limit 51
) page
