-- Takes the final payments that nobody asked about since, to ask once more; after some days without an agreement, no more.
with due as (
    select id
    from payment
    where reconcile_at <= now()
      and account <> all (string_to_array(:#${variable.pausedAccounts}, ','))
      -- Those that know the account come first; what none of them took for a while is shown by its history.
      and (account = any (string_to_array(:#${variable.ownAccounts}, ',')) or reconcile_at < now() - interval '10 minutes')
    order by reconcile_at
    limit cast(:#${properties:tenpay.poll.batch-size} as integer)
    for update skip locked
)
update payment p
set reconcile_at = case
        when p.updated_at < now() - cast(:#${properties:tenpay.reconcile.give-up-after} as interval) then null
        else now() + cast(:#${properties:tenpay.reconcile.after} as interval)
    end
from due
where p.id = due.id
returning cast(to_jsonb(p) as text) as payment
