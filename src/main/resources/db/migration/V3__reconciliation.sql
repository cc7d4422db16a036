-- A call that was never made, since its account was paused, is not counted.
alter table payment drop constraint payment_submits_check, add constraint payment_submits_check check (submits >= 0);
alter table refund drop constraint refund_submits_check, add constraint refund_submits_check check (submits >= 0);

-- When to ask Tenpay once more about what is final; null once both sides are known to agree.
alter table payment
    add column reconcile_at timestamptz,
    drop constraint payment_review_check,
    add constraint payment_review_check check (review in ('LATE_SUCCESS', 'AMOUNT_MISMATCH', 'STATUS_MISMATCH', 'STUCK'));
alter table refund
    add column reconcile_at timestamptz,
    drop constraint refund_review_check,
    add constraint refund_review_check check (review in ('LATE_SUCCESS', 'AMOUNT_MISMATCH', 'STATUS_MISMATCH', 'STUCK'));

create index payment_unreconciled on payment (reconcile_at) where reconcile_at is not null;
create index refund_unreconciled on refund (reconcile_at) where reconcile_at is not null;

-- What is kept for a time only is deleted by its age.
create index notification_age on notification (received_at) where next_attempt_at is null;
create index history_age on history (at);
