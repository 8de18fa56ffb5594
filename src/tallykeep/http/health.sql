-- name: count_live_workers
SELECT count(*) AS workers FROM procrastinate_workers WHERE last_heartbeat > now() - interval '30 seconds'

-- name: database_status
SELECT
    current_setting('server_version') AS version,
    pg_database_size(current_database()) AS size_bytes,
    clock_timestamp() AS time
