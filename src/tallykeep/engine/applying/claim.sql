-- name: get_unfinished_action
-- And limit for how long this transaction may be silent, and wait for others. One that writes many batches at once may
-- wait longer: it would have to begin anew, and all others give way to it.
SELECT
    type, source, submission_options - '{mapping,defaults,values}'::text[] AS submission_options, open_batches,
    date_trunc('milliseconds', statement_timestamp()) AS timestamp,
    set_config('idle_in_transaction_session_timeout', :silence, true) AS silence,
    set_config(
        'lock_timeout',
        CASE WHEN on_error = 'reject' AND NOT dry_run AND open_batches > 1 THEN :timeout ELSE :lock_timeout END,
        true
    ) AS lock_timeout
FROM async_actions
WHERE project_id = :project_id AND id = :action_id AND status IN ('ENQUEUED', 'IN_PROGRESS')

-- name: claim_open_batch
SELECT first_row, row_count, body, uncompressed_size, lines, broken
FROM batches
WHERE project_id = :project_id AND action_id = :action_id AND status = 'OPEN'
    AND first_row IN (
        SELECT first_row FROM batches
        WHERE project_id = :project_id AND action_id = :action_id AND status = 'OPEN'
        ORDER BY first_row
        LIMIT :batches_in_flight
    )
    AND (:first_row::bigint IS NULL OR first_row = :first_row)
ORDER BY first_row
LIMIT 1
FOR UPDATE SKIP LOCKED

-- name: earlier_unfinished
SELECT EXISTS (
    SELECT
    FROM async_actions AS this
    JOIN async_actions AS earlier ON earlier.project_id = this.project_id AND earlier.number < this.number
    WHERE this.project_id = :project_id
        AND this.id = :action_id
        AND earlier.project_id = :project_id
        AND earlier.status IN ('ENQUEUED', 'IN_PROGRESS')
) AS is_there

-- name: note_attempt
-- Need not wait for the disk: an attempt that is lost is one more that may be tried.
INSERT INTO attempts AS noted (project_id, action_id, first_row, attempts)
SELECT :project_id, :action_id, :first_row, 1
FROM set_config('synchronous_commit', 'off', true)
ON CONFLICT (project_id, action_id, first_row) DO UPDATE SET attempts = noted.attempts + 1
RETURNING attempts

-- name: forget_attempt!
UPDATE attempts
SET attempts = attempts - 1
WHERE project_id = :project_id AND action_id = :action_id AND first_row = :first_row
