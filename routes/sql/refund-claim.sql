-- Takes the refunds that are due and sets when to ask next in one statement, so that any number of instances may poll.
with due as (
    select id
    from refund
    where next_poll_at <= now()
      and (submitting_until is null or submitting_until < now())
      and account <> all (string_to_array(:#${variable.pausedAccounts}, ','))
      -- Those that know the account come first; what none of them took for a while is shown by its history.
      and (account = any (string_to_array(:#${variable.ownAccounts}, ',')) or next_poll_at < now() - interval '10 minutes')
    order by next_poll_at
    limit cast(:#${properties:tenpay.poll.batch-size} as integer)
    for update skip locked
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
returning cast(to_jsonb(r) as text) as refund
