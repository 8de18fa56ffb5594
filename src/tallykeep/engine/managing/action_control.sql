-- name: get_parent
SELECT type, source, submission_options, ended_by, failed_count, unprocessed_count, failures_kept
FROM async_actions
WHERE project_id = :project_id AND id = :id

-- name: unfinished_of_types
SELECT id
FROM async_actions
WHERE project_id = :project_id AND type = ANY (:types::text[]) AND status IN ('ENQUEUED', 'IN_PROGRESS')
ORDER BY number
LIMIT 1
