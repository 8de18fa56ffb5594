-- name: put_under_way!
-- An action that was done is under way again, as far as anybody can see, and no worker is to touch it.
UPDATE async_actions
SET status = 'IN_PROGRESS', operation_status = 'UNKNOWN', ended_by = NULL, finished_at = NULL, ready = false,
    open_batches = 1
WHERE project_id = :project_id AND id = :id

-- name: any_other_unfinished
SELECT true FROM async_actions WHERE status IN ('ENQUEUED', 'IN_PROGRESS') AND id <> :id LIMIT 1

-- name: sessions
SELECT pid, application_name NOT LIKE '%%worker%%' AS is_of_api
FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'tallykeep%%'
