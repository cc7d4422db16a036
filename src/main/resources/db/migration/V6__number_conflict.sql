-- A payment whose number Tenpay knows with other content, which may be somebody else's.
alter table payment
    drop constraint payment_review_check,
    add constraint payment_review_check
        check (review in ('LATE_SUCCESS', 'AMOUNT_MISMATCH', 'STATUS_MISMATCH', 'NUMBER_CONFLICT', 'STUCK'));
