-- Claims the final payments that are due to be compared with Tenpay once more; after some days without an agreement, no more.
with due as (
    -- Each account has a share of its own: many due rows of one delay no other.
    select d.id
    from claimable_accounts(
        'final_payments', :#${variable.ownAccounts}, :#${variable.pausedAccounts},
        cast(:#${variable.accountCapacities} as jsonb), cast(:#${variable.accountCapacity} as integer)) a
    cross join lateral (
        select id
        from payment
        where account = a.account and reconcile_at <= a.due_by
        order by reconcile_at
        limit a.capacity
        for update skip locked
    ) d
    limit cast(:#${variable.capacity} as integer)
)
update payment p
set reconcile_at = case
        -- A contradiction is cleared up soon, or asked about ever more seldom.
        -- None is given up before it was answered, and so confirmed or reported.
        when p.contradicted_at is not null and p.contradiction_upheld_at is null
            then now() + least(
                greatest(cast(:#${properties:tenpay.poll.interval} as interval), (now() - p.contradicted_at) / 4),
                cast(:#${properties:tenpay.reconcile.after} as interval))
        when p.updated_at < now() - cast(:#${properties:tenpay.reconcile.give-up-after} as interval) then null
        else now() + cast(:#${properties:tenpay.reconcile.after} as interval)
    end
from due
where p.id = due.id
returning p.account, cast(to_jsonb(p) as text) as payment
