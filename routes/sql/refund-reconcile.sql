-- Claims the final refunds that are due to be compared with Tenpay once more; after some days without an agreement, no more.
with due as (
    -- Each account has a share of its own: many due rows of one delay no other.
    select d.id
    from claimable_accounts(
        'final_refunds', :#${variable.ownAccounts}, :#${variable.pausedAccounts},
        cast(:#${variable.accountCapacities} as jsonb), cast(:#${variable.accountCapacity} as integer)) a
    cross join lateral (
        select id
        from refund
        where account = a.account and reconcile_at <= a.due_by
        order by reconcile_at
        limit a.capacity
        for update skip locked
    ) d
    limit cast(:#${variable.capacity} as integer)
)
update refund r
set reconcile_at = case
        -- A contradiction is cleared up soon, or asked about ever more seldom.
        -- None is given up before it was answered, and so confirmed or reported.
        when r.contradicted_at is not null and r.contradiction_upheld_at is null
            then now() + least(
                greatest(cast(:#${properties:tenpay.poll.interval} as interval), (now() - r.contradicted_at) / 4),
                cast(:#${properties:tenpay.reconcile.after} as interval))
        when r.updated_at < now() - cast(:#${properties:tenpay.reconcile.give-up-after} as interval) then null
        else now() + cast(:#${properties:tenpay.reconcile.after} as interval)
    end
from due
where r.id = due.id
returning r.account, cast(to_jsonb(r) as text) as refund
