-- Since when a person must act, what Tenpay said then (status, total, currency, id), and how a person settled the last review.
alter table payment
    add column review_since timestamptz,
    add column review_theirs jsonb,
    add column review_resolution jsonb;
alter table refund
    add column review_since timestamptz,
    add column review_theirs jsonb,
    add column review_resolution jsonb;
update payment set review_since = updated_at where review is not null;
update refund set review_since = updated_at where review is not null;

-- Whatever writes a review, its beginning is known; a stronger review of the same row doesn't begin anew.
create function review_began() returns trigger language plpgsql as
$$
begin
    new.review_since := case when new.review is not null then now() end;
    new.review_theirs := case when new.review is not null then new.review_theirs end;
    return new;
end
$$;
create trigger review_began before insert or update on payment
    for each row when ((new.review is null) <> (new.review_since is null)) execute function review_began();
create trigger review_began before insert or update on refund
    for each row when ((new.review is null) <> (new.review_since is null)) execute function review_began();

create index payment_open_review on payment (account, review_since, id) where review is not null;
create index refund_open_review on refund (account, review_since, id) where review is not null;

alter table history drop constraint history_outcome_check;
alter table history add constraint history_outcome_check check (outcome in (
    'STORED', 'CHANGED', 'CONFIRMED', 'IGNORED', 'MISMATCH', 'REFUSED', 'NOT_FOUND', 'NO_RESPONSE', 'RESOLVED'));

-- What a person did is noted each time.
drop trigger history_repeats on history;
create trigger history_repeats before insert on history
    for each row when (new.status_before = new.status_after and new.outcome <> 'RESOLVED') execute function history_repeats();
