-- name: note_retry
UPDATE async_actions
SET retry_count = retry_count + 1, retry_reason = :reason, failed_tries = failed_tries + :failed::boolean::int
WHERE project_id = :project_id AND id = :action_id AND status IN ('ENQUEUED', 'IN_PROGRESS')
RETURNING retry_count, failed_tries, least(open_batches, :batches_in_flight)::bigint AS slots
