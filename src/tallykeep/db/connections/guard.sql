-- name: set_limits
-- Short, so that a server is not taken for silent because a session locks what the check reads, or makes it slow.
SELECT set_config('lock_timeout', '300ms', false), set_config('statement_timeout', '500ms', false)

-- name: read_state
SELECT
    pg_postmaster_start_time() AS started_at,
    current_setting('transaction_read_only')::boolean AS read_only

-- name: try_to_write
-- A megabyte, to be taken back.
CREATE TEMPORARY TABLE tallykeep_probe ON COMMIT DROP AS SELECT number FROM generate_series(1, 30000) AS number

-- name: take_time
SELECT set_config('statement_timeout', '5s', true)
