-- name: get_parent
SELECT type, source, submission_options, ended_by, failed_count, unprocessed_count, failures_kept
FROM async_actions
WHERE project_id = :project_id AND id = :id
