-- When Tenpay, asked again, upheld its contradiction: it is reported once, whatever review stands.
alter table payment add column contradiction_upheld_at timestamptz;
alter table refund add column contradiction_upheld_at timestamptz;

-- News may name a refund by Tenpay's own number alone.
create index refund_tenpay_id on refund (account, tenpay_refund_id) where tenpay_refund_id is not null;
