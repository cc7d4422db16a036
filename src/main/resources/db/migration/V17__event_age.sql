-- Without a time zone, so that no list is ordered by it: for an account with few events, a plan for any values walked all
-- events by this index.
drop index erp_event_age;
create index erp_event_age on erp_event ((created_at at time zone 'UTC'));
