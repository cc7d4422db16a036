-- Tenpay does not know a refund that we sent: takes the lease to send it again, once no earlier call can still arrive.
update refund
set submits = submits + 1,
    submitted_at = now(),
    submitting_until = now() + cast(:#${properties:tenpay.poll.submit-lease} as interval),
    updated_at = now()
where account = :#${variable.account}
  and refund_no = :#${variable.number}
  and status = 'CREATED'
  and refusal is null
  and origin = 'API'
  and cast(:#${variable.refundsOnHold} as boolean) is not true
  and not exists (select from refund_hold f where f.account = refund.account)
  and (submits = 0 or submitted_at < now() - cast(:#${properties:tenpay.poll.resend-after} as interval))
  and (submitting_until is null or submitting_until < now())
returning cast(to_jsonb(refund) as text) as refund
