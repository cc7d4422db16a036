-- What a person may hold of a payment (an entry of its metadata, Tenpay's number of it) leads to it: by hashes in a table of
-- their own, since an index of payment would be written again with each change of a status.
create table payment_term (
    account    text not null,
    term       bigint not null,
    created_at timestamptz not null,
    payment_id bigint not null,
    primary key (account, term, created_at, payment_id)
);

create function payment_term_hash(kind text, value text) returns bigint language sql immutable parallel safe return
    hashtextextended(kind || chr(1) || value, 0);

create function payment_terms() returns trigger language plpgsql as
$$
begin
    insert into payment_term (account, term, created_at, payment_id)
    select new.account, payment_term_hash(t.kind, t.value), new.created_at, new.id
    from (
        select 'metadata.' || key as kind, value from jsonb_each_text(new.metadata) where tg_op = 'INSERT'
        union all
        select 'paymentId', new.tenpay_payment_id where new.tenpay_payment_id is not null) t
    on conflict do nothing;
    return null;
end
$$;
create trigger payment_terms_of_new after insert on payment
    for each row when (new.metadata <> '{}' or new.tenpay_payment_id is not null) execute function payment_terms();
create trigger payment_terms_of_id after update of tenpay_payment_id on payment
    for each row when (new.tenpay_payment_id is distinct from old.tenpay_payment_id) execute function payment_terms();

insert into payment_term (account, term, created_at, payment_id)
select p.account, payment_term_hash('metadata.' || m.key, m.value), p.created_at, p.id
from payment p
cross join lateral jsonb_each_text(p.metadata) m
union
select account, payment_term_hash('paymentId', tenpay_payment_id), created_at, id
from payment
where tenpay_payment_id is not null;

-- So that its unique index finds all numbers that begin alike, whatever the database's locale.
alter table payment alter column order_no type text collate "C";

create index payment_paid on payment (account, paid_at desc, id desc) where paid_at is not null;
create index payment_reviewed on payment (account, created_at desc, id desc) where review is not null;
create index refund_status on refund (account, status, created_at desc, id desc);
create index refund_reviewed on refund (account, created_at desc, id desc) where review is not null;
create index refund_refunded on refund (account, refunded_at desc, id desc) where refunded_at is not null;
