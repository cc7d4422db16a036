-- Whether a turn is a retry or part of a redelivered range: it has a share of an account's slots, and new events go before it.
alter table event_queue add column deferred boolean not null default false;

-- New turns, for the newest first; a turn that is under way has no entry, so that claiming costs none.
create index event_queue_new on event_queue (destination, account, next_attempt_at)
    where next_attempt_at is not null and not deferred and not in_flight;

-- Until now an answer of an earlier address could disable or pause a later one. What is really gone answers 410 once more.
update event_destination set disabled_at = null, paused_until = null;
