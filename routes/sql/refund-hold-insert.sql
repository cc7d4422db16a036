-- Holds an account's refunds; returns it unless they are on hold already.
insert into refund_hold (account, client)
values (:#${variable.account}, :#${variable.client})
on conflict (account) do nothing
returning account
