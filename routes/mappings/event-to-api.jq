# A stored event with its attempts, or a page of events -> what the merchant API shows; never what was sent or answered.
def present: with_entries(select(.value != null));
def shown:
  {
    id: .event_id,
    type,
    account,
    orderNo: .order_no,
    refundNo: .refund_no,
    status,
    createdAt: .created_at,
    deliveries: .deliveries | map({
      destination,
      status: .state,
      attempts,
      nextAttemptAt: .next_attempt_at,
      finishedAt: .finished_at,
      disabledAt: .disabled_at
    } | present),
    attempts: (if has("attempts") then .attempts | map({
      at,
      destination,
      outcome,
      status,
      durationMillis: .millis,
      problem
    } | present) else null end)
  }
  | present;
if has("events") then
  .limit as $limit
  | {items: (.events[0:$limit] | map(shown))}
    + if (.events | length) > $limit then {nextCursor: (.events[0:$limit] | last | .cursor)}
      else {} end
else shown end
