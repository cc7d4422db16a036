-- After the program's first start, as its role: psql -U tenpay -d tenpay -f 2-reporting.sql; once more after an update adds a view.
grant usage on schema public to tenpay_reporting;
select format('grant select on %I to tenpay_reporting', viewname)
from pg_views
where schemaname = current_schema() and viewname like 'report\_%'
order by viewname
\gexec
