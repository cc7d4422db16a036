-- Claims the refunds that are due and sets when to ask next in one statement, so that any number of instances may poll.
with due as (
    -- Each account has a share of its own: many due rows of one delay no other.
    select d.id
    from claimable_accounts(
        'refunds', :#${variable.ownAccounts}, :#${variable.pausedAccounts},
        cast(:#${variable.accountCapacities} as jsonb), cast(:#${variable.accountCapacity} as integer)) a
    cross join lateral (
        select id
        from refund
        where account = a.account and next_poll_at <= a.due_by
          and (submitting_until is null or submitting_until < now())
        order by next_poll_at
        limit a.capacity
        for update skip locked
    ) d
    limit cast(:#${variable.capacity} as integer)
)
update refund r
set polls = r.polls + 1,
    next_poll_at = now() + case
        when now() > r.created_at + cast(:#${properties:tenpay.poll.refund-stuck-after} as interval)
            then cast(:#${properties:tenpay.poll.stuck-interval} as interval)
        else least(
            cast(:#${properties:tenpay.poll.interval} as interval) * power(2, least(r.polls, 20)),
            cast(:#${properties:tenpay.poll.max-delay} as interval)) * (0.8 + 0.4 * random())
    end
from due
where r.id = due.id
returning r.account, cast(to_jsonb(r) as text) as refund
