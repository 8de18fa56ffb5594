-- name: get_action
-- Tally and failures in one statement, so that they are of one moment.
SELECT
    project_id, id, type, status, operation_status, request_id, created_at, updated_at, started_at, finished_at,
    total_count, done_count, failed_count, unprocessed_count, created_count, dry_run, on_error, ended_by, reason,
    parent_id, requested_by, file_name, body_size, failures_kept, report_kept,
    CASE WHEN failed_count = 0 OR NOT failures_kept THEN '[]'::json ELSE (
        SELECT coalesce(json_agg(json_build_array("row", key, reason, error_key) ORDER BY "row"), '[]')
        FROM (
            SELECT "row", key, reason, error_key
            FROM failures
            WHERE failures.project_id = async_actions.project_id AND failures.action_id = async_actions.id
            ORDER BY "row"
            LIMIT :failures
        ) AS first_failures
    ) END AS failures
FROM async_actions
WHERE project_id = :project_id AND id = :id

-- name: first_failures
SELECT "row", key, reason
FROM failures
WHERE project_id = :project_id
    AND action_id = :action_id
    AND "row" > :after_row
    AND (:reason::text IS NULL OR reason = :reason)
ORDER BY "row"
LIMIT :limit

-- name: failures_by_reason
SELECT reason, count(*) AS count, (array_agg("row" ORDER BY "row"))[1 : 5] AS first_rows
FROM failures
WHERE project_id = :project_id AND action_id = :action_id AND (:reason::text IS NULL OR reason = :reason)
GROUP BY reason
ORDER BY count DESC, min("row")
LIMIT :limit

-- name: are_failures_kept
SELECT failures_kept FROM async_actions WHERE project_id = :project_id AND id = :action_id
