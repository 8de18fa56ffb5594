-- name: get_unfinished_action
SELECT type, source, dry_run, on_error, max_failures
FROM async_actions
WHERE project_id = :project_id AND id = :action_id AND status IN ('ENQUEUED', 'IN_PROGRESS')

-- name: claim_open_portion
SELECT first_row, row_count, body
FROM portions
WHERE project_id = :project_id AND action_id = :action_id AND status = 'OPEN'
    AND first_row IN (
        SELECT first_row FROM portions
        WHERE project_id = :project_id AND action_id = :action_id AND status = 'OPEN'
        ORDER BY first_row
        LIMIT :portions_in_flight
    )
    AND (:first_row::bigint IS NULL OR first_row = :first_row)
ORDER BY first_row
LIMIT 1
FOR UPDATE SKIP LOCKED

-- name: note_attempt
INSERT INTO attempts AS noted (project_id, action_id, first_row, attempts)
VALUES (:project_id, :action_id, :first_row, 1)
ON CONFLICT (project_id, action_id, first_row) DO UPDATE SET attempts = noted.attempts + 1
RETURNING attempts

-- name: forget_attempt!
UPDATE attempts
SET attempts = attempts - 1
WHERE project_id = :project_id AND action_id = :action_id AND first_row = :first_row
