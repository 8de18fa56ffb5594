-- name: get_parent
SELECT type, source, submission_options, ended_by, failed_count, unprocessed_count, failures_kept
FROM async_actions
WHERE project_id = :project_id AND id = :id

-- name: find_erasure
-- One that has not ended, or was accepted behind a number.
SELECT id
FROM async_actions
WHERE project_id = :project_id AND type = ANY (:types::text[])
    AND (status IN ('ENQUEUED', 'IN_PROGRESS') OR number > :number)
ORDER BY number
LIMIT 1

-- name: get_newest_number
SELECT accepted AS number FROM schedules WHERE project_id = :project_id
