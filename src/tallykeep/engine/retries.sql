-- name: note_retry
UPDATE async_actions
SET retry_count = retry_count + 1, retry_reason = :reason
WHERE project_id = :project_id AND id = :action_id AND status IN ('ENQUEUED', 'IN_PROGRESS')
RETURNING retry_count
