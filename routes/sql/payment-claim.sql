-- Claims the payments that are due and sets when to ask next in one statement, so that any number of instances may poll.
with due as (
    -- Each account has a share of its own: many due rows of one delay no other.
    select d.id
    from claimable_accounts(
        'payments', :#${variable.ownAccounts}, :#${variable.pausedAccounts},
        cast(:#${variable.accountCapacities} as jsonb), cast(:#${variable.accountCapacity} as integer)) a
    cross join lateral (
        select id
        from payment
        where account = a.account and next_poll_at <= a.due_by
          and (submitting_until is null or submitting_until < now())
        order by next_poll_at
        limit a.capacity
        for update skip locked
    ) d
    limit cast(:#${variable.capacity} as integer)
)
update payment p
set polls = p.polls + 1,
    next_poll_at = now() + case
        when now() > p.expires_at + cast(:#${properties:tenpay.poll.stuck-after} as interval)
            then cast(:#${properties:tenpay.poll.stuck-interval} as interval)
        -- The last check is due right after expiry, however far the doubling has gone.
        when now() < p.expires_at
            then least(d.delay, p.expires_at - now() + cast(:#${properties:tenpay.poll.after-expiry} as interval))
        else d.delay
    end
from due
cross join lateral (
    select least(
        cast(:#${properties:tenpay.poll.interval} as interval) * power(2, least(p2.polls, 20)),
        cast(:#${properties:tenpay.poll.max-delay} as interval)) * (0.8 + 0.4 * random()) as delay
    from payment p2
    where p2.id = due.id
) d
where p.id = due.id
returning p.account, cast(to_jsonb(p) as text) as payment
