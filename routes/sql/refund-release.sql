-- Gives back a claimed refund that was not asked about, since this instance stops: another one may take it now.
update refund
set next_poll_at = now(),
    polls = greatest(polls - 1, 0)
where id = cast(:#${variable.refundRowId} as bigint)
  and next_poll_at is not null
