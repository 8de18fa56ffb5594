-- name: count_live_workers
-- Each process has two of the queue's workers: one for all batches, one for small ones.
SELECT (count(*) + 1) / 2 AS workers FROM procrastinate_workers WHERE last_heartbeat > now() - interval '30 seconds'

-- name: readiness
SELECT (count(*) + 1) / 2 AS workers, (SELECT version_num FROM alembic_version) AS revision
FROM procrastinate_workers WHERE last_heartbeat > now() - interval '30 seconds'

-- name: database_status
SELECT
    current_setting('server_version') AS version,
    pg_database_size(current_database()) AS size_bytes,
    clock_timestamp() AS time,
    (SELECT version_num FROM alembic_version) AS revision
