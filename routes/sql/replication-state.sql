-- How far the database's replicas are behind, as gauges; without the role pg_monitor only their number is visible.
select m.metric, m.value
from (
    select count(*) as replicas, max(extract(epoch from replay_lag)) as lag, max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)) as bytes
    from pg_stat_replication
) r
cross join lateral (values
    ('tenpay.database.replicas', r.replicas),
    ('tenpay.database.replica.lag', coalesce(r.lag, 0)),
    ('tenpay.database.replica.behind', coalesce(r.bytes, 0))) as m (metric, value)
