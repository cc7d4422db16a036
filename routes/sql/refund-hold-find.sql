-- Whether an account's refunds are on hold: by the operation, or by a setting of the instance that is asked.
select cast(jsonb_build_object(
    'account', asked.account,
    'onHold', h.account is not null or asked.by_setting,
    'since', h.since,
    'heldBy', coalesce(h.client, case when asked.by_setting then 'setting' end)) as text) as hold
from (
    select cast(:#${variable.account} as text) as account, cast(:#${variable.refundsOnHold} as boolean) is true as by_setting
) as asked
left join refund_hold h on h.account = asked.account
