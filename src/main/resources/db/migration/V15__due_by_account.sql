-- What is due is claimed account by account, so that much of one delays no other.
drop index payment_due, refund_due, payment_unreconciled, refund_unreconciled, notification_due;
create index payment_due on payment (account, next_poll_at) where next_poll_at is not null;
create index refund_due on refund (account, next_poll_at) where next_poll_at is not null;
create index payment_unreconciled on payment (account, reconcile_at) where reconcile_at is not null;
create index refund_unreconciled on refund (account, reconcile_at) where reconcile_at is not null;
create index notification_due on notification (account, next_attempt_at) where next_attempt_at is not null;
