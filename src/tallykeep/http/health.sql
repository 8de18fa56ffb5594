-- name: count_live_workers
SELECT count(*) AS workers FROM procrastinate_workers WHERE last_heartbeat > now() - interval '30 seconds'
