-- name: close_project!
-- Each acceptance counts up what the closed one may not have, and holds this row until its commit.
INSERT INTO schedules (project_id, next_slot, closed)
VALUES (:target, 1, true)
ON CONFLICT (project_id) DO UPDATE SET closed = true, accepted = 0

-- name: find_running
SELECT FROM async_actions
WHERE project_id = :project_id AND id = :action_id AND status IN ('ENQUEUED', 'IN_PROGRESS')

-- name: end_actions!
-- Of the project that is deleted; whoever has a batch of theirs in hand cannot close it any more, and writes nothing.
WITH ended AS (
    UPDATE async_actions
    SET
        unprocessed_count = open_count,
        open_count = 0,
        updated_at = greatest(updated_at, timestamp),
        status = 'FAILED',
        operation_status = 'FAILED',
        ended_by = 'CANCELED',
        reason = :reason,
        finished_at = greatest(updated_at, timestamp)
    FROM date_trunc('milliseconds', statement_timestamp()) AS timestamp
    WHERE project_id = :target AND status IN ('ENQUEUED', 'IN_PROGRESS')
    RETURNING
        project_id, id, type, status, ended_by, sequence, total_count, done_count, failed_count, unprocessed_count,
        dry_run, requested_by, request_id
)
