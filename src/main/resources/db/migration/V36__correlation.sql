-- What a change can be followed by: the id of the request, notification or poll that made it, Tenpay's id of its answer, and the
-- W3C traceparent, which is null where nothing is traced. Null in all rows before.
alter table history
    add column request_id text check (length(request_id) <= 64),
    add column tenpay_request_id text check (length(tenpay_request_id) <= 64);
alter table erp_event
    add column request_id text check (length(request_id) <= 64),
    add column traceparent text check (length(traceparent) <= 64);
alter table payment add column traceparent text check (length(traceparent) <= 64);

comment on column history.request_id is 'Id of the request, notification or poll that led to it';
comment on column history.tenpay_request_id is 'Tenpay''s own id of the answer, as its header named it; not covered by the signature';
comment on column erp_event.request_id is 'Id of the request, notification or poll that made it; header X-Request-Id of its delivery';
comment on column erp_event.traceparent is 'W3C traceparent of what made it; header of its delivery; null where it isn''t traced';
comment on column payment.traceparent is 'W3C traceparent of its order, to which later notifications and polls are linked';
