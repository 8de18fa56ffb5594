-- name: find_holder
-- The session that blocks this one; no row if it does not wait.
SELECT (SELECT application_name FROM pg_stat_activity WHERE pid = blocking[1]) AS application
FROM (SELECT pg_blocking_pids(:pid) AS blocking) AS waiting
WHERE cardinality(blocking) > 0
