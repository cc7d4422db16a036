-- Once, as a superuser: psql -v password='…' -v reporting='…' -f 1-role-and-database.sql
-- The program's role and database, and a role that may read the report_ views and nothing else (2-reporting.sql).
create role tenpay login password :'password';
-- To see how far standbys are behind, for the alarm TenpayReplicaBehind; it shows statistics and no data.
grant pg_monitor to tenpay;
create database tenpay owner tenpay encoding 'UTF8' template template0;
revoke all on database tenpay from public;
-- A forgotten transaction slows every claim.
alter database tenpay set idle_in_transaction_session_timeout = '1min';

create role tenpay_reporting login password :'reporting' connection limit 5;
alter role tenpay_reporting set default_transaction_read_only = on;
-- A long report holds back vacuum, and with it every claim.
alter role tenpay_reporting set statement_timeout = '60s';
alter role tenpay_reporting set idle_in_transaction_session_timeout = '10s';
grant connect on database tenpay to tenpay_reporting;
