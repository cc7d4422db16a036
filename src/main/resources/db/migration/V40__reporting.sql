-- For people who read the database: views for reports, without personal data and secrets, and a comment on every table, view and
-- column. src/deploy/database has the role that may read the views and nothing else.

create view report_payment as
select id, account, order_no, status, review, review_since, payment_method, region, amount, currency, refunded, tenpay_payment_id,
    fail_reason, paid_at, expires_at, created_at, updated_at
from payment;
comment on view report_payment is 'Payments for reports: no personal data, no secrets.';
comment on column report_payment.id is 'Number of the row';
comment on column report_payment.account is 'Account of the settings that sells';
comment on column report_payment.order_no is 'The ERP''s number of the order, unique in the account';
comment on column report_payment.status is 'CREATED, PENDING, SUCCEEDED, FAILED, CLOSED or EXPIRED; only payment-status.sql changes it';
comment on column report_payment.review is 'Why a person must examine it, null unless one must';
comment on column report_payment.review_since is 'Since when a person must act';
comment on column report_payment.payment_method is 'Payment method as the ERP named it';
comment on column report_payment.region is 'Region of the order';
comment on column report_payment.amount is 'Amount in minor units of the currency';
comment on column report_payment.currency is 'ISO 4217';
comment on column report_payment.refunded is 'Sum of succeeded refunds, minor units';
comment on column report_payment.tenpay_payment_id is 'Tenpay''s number of the payment';
comment on column report_payment.fail_reason is 'Why it failed, in Tenpay''s words';
comment on column report_payment.paid_at is 'When it was paid, by Tenpay''s clock';
comment on column report_payment.expires_at is 'When the shopper can''t pay any more';
comment on column report_payment.created_at is 'When the order was stored';
comment on column report_payment.updated_at is 'When the row changed last';

create view report_refund as
select id, account, refund_no, order_no, payment_id, origin, status, review, review_since, amount, currency, tenpay_refund_id,
    fail_reason, refunded_at, created_at, updated_at
from refund;
comment on view report_refund is 'Refunds for reports, with their order''s number.';
comment on column report_refund.id is 'Number of the row';
comment on column report_refund.account is 'Account of its payment';
comment on column report_refund.refund_no is 'The refund''s number, unique in the account';
comment on column report_refund.order_no is 'Order number of its payment';
comment on column report_refund.payment_id is 'Its payment';
comment on column report_refund.origin is 'API, or PORTAL when it was not made here';
comment on column report_refund.status is 'CREATED, PENDING, SUCCEEDED or FAILED; only refund-status.sql changes it';
comment on column report_refund.review is 'Why a person must examine it, null unless one must';
comment on column report_refund.review_since is 'Since when a person must act';
comment on column report_refund.amount is 'Amount in minor units of the currency';
comment on column report_refund.currency is 'ISO 4217';
comment on column report_refund.tenpay_refund_id is 'Tenpay''s number of the refund';
comment on column report_refund.fail_reason is 'Why it failed, in Tenpay''s words';
comment on column report_refund.refunded_at is 'When the money went back, by Tenpay''s clock';
comment on column report_refund.created_at is 'When the refund was stored';
comment on column report_refund.updated_at is 'When the row changed last';

create view report_history as
select id, payment_id, refund_id, source, outcome, status_before, status_after, at
from history;
comment on view report_history is 'What happened to payments and refunds, in order.';
comment on column report_history.id is 'Number of the row, in order';
comment on column report_history.payment_id is 'Its payment';
comment on column report_history.refund_id is 'Its refund, null for the payment itself';
comment on column report_history.source is 'What it came from: order, checkout-pay, notification and so on';
comment on column report_history.outcome is 'STORED, CHANGED, CONFIRMED, IGNORED, MISMATCH, REFUSED, NOT_FOUND, NO_RESPONSE or RESOLVED';
comment on column report_history.status_before is 'Status before, null for the first';
comment on column report_history.status_after is 'Status after';
comment on column report_history.at is 'When, by the database''s clock';

create view report_event as
select id, event_id, account, payment_id, refund_id, type, status, created_at
from erp_event;
comment on view report_event is 'Events to the ERP and how they stand.';
comment on column report_event.id is 'Number of the row, in order';
comment on column report_event.event_id is 'Its webhook-id';
comment on column report_event.account is 'Account of its payment';
comment on column report_event.payment_id is 'Its payment';
comment on column report_event.refund_id is 'Its refund, null for the payment itself';
comment on column report_event.type is 'payment.succeeded and so on';
comment on column report_event.status is 'Over all destinations: PENDING, DELIVERED, DEAD or NO_DESTINATION';
comment on column report_event.created_at is 'When the status changed';

comment on view waiting_work is 'The first due work of each account and queue';
comment on column waiting_work.queue is 'payments, refunds, final_payments, final_refunds or notifications';
comment on column waiting_work.account is 'Account of the work';
comment on column waiting_work.since is 'Since when its first row is due';

comment on table payment is 'One row for each order; written before Tenpay is called';
comment on column payment.id is 'Number of the row';
comment on column payment.account is 'Account of the settings that sells';
comment on column payment.order_no is 'The ERP''s number of the order, unique in the account';
comment on column payment.status is 'CREATED, PENDING, SUCCEEDED, FAILED, CLOSED or EXPIRED; only payment-status.sql changes it';
comment on column payment.review is 'Why a person must examine it, null unless one must';
comment on column payment.payment_method is 'Payment method as the ERP named it';
comment on column payment.region is 'Region of the order';
comment on column payment.amount is 'Amount in minor units of the currency';
comment on column payment.currency is 'ISO 4217';
comment on column payment.refunded is 'Sum of succeeded refunds, minor units';
comment on column payment.description is 'Text that the shopper sees';
comment on column payment.metadata is 'The ERP''s own entries, as JSON';
comment on column payment.content is 'The order as the ERP sent it; may hold personal data';
comment on column payment.merchant_id is 'Merchant number at Tenpay when it was ordered';
comment on column payment.app_id is 'App id when it was ordered';
comment on column payment.method_key is 'Tenpay''s name of the payment method';
comment on column payment.notify_url is 'Address that Tenpay was told to notify';
comment on column payment.expires_at is 'When the shopper can''t pay any more';
comment on column payment.tenpay_payment_id is 'Tenpay''s number of the payment';
comment on column payment.prepay_info is 'What starts the payment in the mini program; a secret of the shopper''s';
comment on column payment.paid_at is 'When it was paid, by Tenpay''s clock';
comment on column payment.fail_reason is 'Why it failed, in Tenpay''s words';
comment on column payment.refused is 'Whether Tenpay refused the order itself, so that it never was a payment';
comment on column payment.refusal is 'Tenpay''s words when it refused the order; counts once an inquiry agrees';
comment on column payment.absent_at is 'Since when an expired order is known to be unknown to Tenpay';
comment on column payment.contradicted_at is 'Since when Tenpay contradicts a final status';
comment on column payment.contradiction_upheld_at is 'When, asked again, Tenpay upheld that';
comment on column payment.submits is 'How often checkout-pay was called';
comment on column payment.submitted_at is 'When it was called last';
comment on column payment.submitting_until is 'Lease of a call that may be under way';
comment on column payment.next_poll_at is 'When to ask Tenpay next; null once final';
comment on column payment.polls is 'How often Tenpay was asked';
comment on column payment.reconcile_at is 'When to ask once more about what is final';
comment on column payment.created_at is 'When the order was stored';
comment on column payment.updated_at is 'When the row changed last';
comment on column payment.review_since is 'Since when a person must act';
comment on column payment.review_theirs is 'What Tenpay said when the review began';
comment on column payment.review_resolution is 'How a person settled the last review';

comment on table refund is 'One row for each refund, of this API or taken in from Tenpay';
comment on column refund.id is 'Number of the row';
comment on column refund.payment_id is 'Its payment';
comment on column refund.account is 'Account of its payment';
comment on column refund.origin is 'API, or PORTAL when it was not made here';
comment on column refund.refund_no is 'The refund''s number, unique in the account';
comment on column refund.status is 'CREATED, PENDING, SUCCEEDED or FAILED; only refund-status.sql changes it';
comment on column refund.review is 'Why a person must examine it, null unless one must';
comment on column refund.amount is 'Amount in minor units of the currency';
comment on column refund.currency is 'ISO 4217';
comment on column refund.reason is 'The ERP''s reason';
comment on column refund.order_no is 'Order number of its payment';
comment on column refund.merchant_id is 'Merchant number at Tenpay when it was made';
comment on column refund.notify_url is 'Address that Tenpay was told to notify';
comment on column refund.tenpay_refund_id is 'Tenpay''s number of the refund';
comment on column refund.refunded_at is 'When the money went back, by Tenpay''s clock';
comment on column refund.fail_reason is 'Why it failed, in Tenpay''s words';
comment on column refund.refusal is 'Tenpay''s words when it refused it; counts once an inquiry agrees';
comment on column refund.contradicted_at is 'Since when Tenpay contradicts a final status';
comment on column refund.contradiction_upheld_at is 'When, asked again, Tenpay upheld that';
comment on column refund.submits is 'How often refund was called';
comment on column refund.submitted_at is 'When it was called last';
comment on column refund.submitting_until is 'Lease of a call that may be under way';
comment on column refund.next_poll_at is 'When to ask Tenpay next; null once final';
comment on column refund.polls is 'How often Tenpay was asked';
comment on column refund.reconcile_at is 'When to ask once more about what is final';
comment on column refund.created_at is 'When the refund was stored';
comment on column refund.updated_at is 'When the row changed last';
comment on column refund.review_since is 'Since when a person must act';
comment on column refund.review_theirs is 'What Tenpay said when the review began';
comment on column refund.review_resolution is 'How a person settled the last review';

comment on table refund_hold is 'Accounts whose new refunds are refused until a person has compared';
comment on column refund_hold.account is 'Account on hold';
comment on column refund_hold.since is 'Since when';
comment on column refund_hold.client is 'Client that held it';

comment on table history is 'What happened to a payment or a refund, in order; never changed';
comment on column history.id is 'Number of the row, in order';
comment on column history.payment_id is 'Its payment';
comment on column history.refund_id is 'Its refund, null for the payment itself';
comment on column history.source is 'What it came from: order, checkout-pay, notification and so on';
comment on column history.outcome is 'STORED, CHANGED, CONFIRMED, IGNORED, MISMATCH, REFUSED, NOT_FOUND, NO_RESPONSE or RESOLVED';
comment on column history.status_before is 'Status before, null for the first';
comment on column history.status_after is 'Status after';
comment on column history.detail is 'Explanation in words, without personal data';
comment on column history.at is 'When, by the database''s clock';

comment on table notification is 'Tenpay''s notifications, verified, as they came; stored before they are acknowledged';
comment on column notification.id is 'Number of the row';
comment on column notification.account is 'Account that it was sent to';
comment on column notification.kind is 'payments or refunds';
comment on column notification.body is 'The verified bytes; may be encrypted by Tenpay';
comment on column notification.body_hash is 'SHA-256 of the bytes: the same bytes count once';
comment on column notification.state is 'NEW, WAITING for its order, DONE or GIVEN_UP';
comment on column notification.number is 'Order or refund number that it waits for';
comment on column notification.problem is 'Why it can''t be applied';
comment on column notification.attempts is 'How often it was tried';
comment on column notification.next_attempt_at is 'When it is tried next; null when it is over';
comment on column notification.received_at is 'When it came';

comment on table used_signature is 'Each signature of Tenpay''s counts once';
comment on column used_signature.digest is 'SHA-256 of the signed text';
comment on column used_signature.used_at is 'When it was used';

comment on table idempotency_key is 'Idempotency keys that clients sent';
comment on column idempotency_key.client is 'Client of the settings';
comment on column idempotency_key.key is 'The key';
comment on column idempotency_key.request is 'Hash of the request that it was for';
comment on column idempotency_key.used_at is 'When it was used';

comment on table erp_event is 'The outbox: an event for each change of a status';
comment on column erp_event.id is 'Number of the row, in order';
comment on column erp_event.event_id is 'Its webhook-id';
comment on column erp_event.account is 'Account of its payment';
comment on column erp_event.payment_id is 'Its payment';
comment on column erp_event.refund_id is 'Its refund, null for the payment itself';
comment on column erp_event.type is 'payment.succeeded and so on';
comment on column erp_event.data is 'The payment or refund as the API showed it at that moment';
comment on column erp_event.status is 'Over all destinations: PENDING, DELIVERED, DEAD or NO_DESTINATION';
comment on column erp_event.created_at is 'When the status changed';

comment on table event_destination is 'Where an account''s events go, as the settings say';
comment on column event_destination.account is 'Account of the settings';
comment on column event_destination.destination is 'http or kafka';
comment on column event_destination.address is 'Hash of the address';
comment on column event_destination.types is 'Types that it wants, null for all';
comment on column event_destination.disabled_at is 'Since when it is not sent to, after a 410';
comment on column event_destination.paused_until is 'Until when it asked us to wait';
comment on column event_destination.seen_at is 'When an instance last confirmed it';

comment on table event_delivery is 'One event for one destination';
comment on column event_delivery.event_id is 'Its event';
comment on column event_delivery.destination is 'http or kafka';
comment on column event_delivery.payment_id is 'Payment of the event';
comment on column event_delivery.account is 'Account of the event';
comment on column event_delivery.state is 'PENDING, DELIVERED or DEAD';
comment on column event_delivery.attempts is 'How often it was sent';
comment on column event_delivery.created_at is 'When its event was made';
comment on column event_delivery.finished_at is 'When it was delivered or died';

comment on table event_queue is 'The turn of one payment''s events at one destination';
comment on column event_queue.payment_id is 'Its payment';
comment on column event_queue.destination is 'http or kafka';
comment on column event_queue.account is 'Account of the payment';
comment on column event_queue.pending is 'How many of its events wait';
comment on column event_queue.next_attempt_at is 'When to send next, or until when one is being sent';
comment on column event_queue.in_flight is 'Whether one is being sent';
comment on column event_queue.claim is 'Goes up with each claim, so that an earlier one''s result is ignored';
comment on column event_queue.deferred is 'Whether new events go before it';

comment on table event_attempt is 'The result of each attempt to send an event';
comment on column event_attempt.id is 'Number of the row';
comment on column event_attempt.event_id is 'Its event';
comment on column event_attempt.destination is 'http or kafka';
comment on column event_attempt.at is 'When it was sent';
comment on column event_attempt.millis is 'How long it took';
comment on column event_attempt.status is 'HTTP status, where there was one';
comment on column event_attempt.outcome is 'DELIVERED, FAILED or GONE';
comment on column event_attempt.problem is 'What went wrong, without what was sent or answered';

comment on table payment_term is 'What a person may hold of a payment, as hashes that lead to it';
comment on column payment_term.account is 'Account of the payment';
comment on column payment_term.term is 'Hash of a metadata entry, or of Tenpay''s number';
comment on column payment_term.created_at is 'When the payment was stored';
comment on column payment_term.payment_id is 'The payment';

comment on table console_audit is 'What people did in the console';
comment on column console_audit.id is 'Number of the row, in order';
comment on column console_audit.at is 'When it began';
comment on column console_audit.person is 'Login name; of a failed login what was typed, cut';
comment on column console_audit.act is 'What was done';
comment on column console_audit.account is 'Account that it was about';
comment on column console_audit.subject is 'Number or id that it was about';
comment on column console_audit.address is 'Address that it came from';
comment on column console_audit.outcome is 'DONE, or the code of the problem; null while it is under way';
comment on column console_audit.request_id is 'Request id in the log';
comment on column console_audit.form is 'Number of the form, so that one sent twice does nothing the second time';
