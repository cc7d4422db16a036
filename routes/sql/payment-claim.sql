-- Takes the payments that are due and sets when to ask next in one statement, so that any number of instances may poll.
with due as (
    select id
    from payment
    where next_poll_at <= now()
      and (submitting_until is null or submitting_until < now())
      and account <> all (string_to_array(:#${variable.pausedAccounts}, ','))
      -- Those that know the account come first; what none of them took for a while is shown by its history.
      and (account = any (string_to_array(:#${variable.ownAccounts}, ',')) or next_poll_at < now() - interval '10 minutes')
    order by next_poll_at
    limit cast(:#${properties:tenpay.poll.batch-size} as integer)
    for update skip locked
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
returning cast(to_jsonb(p) as text) as payment
