-- Releases an account's refunds; returns it unless the operation doesn't hold them.
delete from refund_hold
where account = :#${variable.account}
returning account
