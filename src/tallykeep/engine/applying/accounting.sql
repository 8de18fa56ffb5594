-- name: copy_failures!
COPY failures (project_id, action_id, "row", key, reason, error_key, line, reason_group) FROM STDIN

-- name: add_report_part!
INSERT INTO report_parts (project_id, action_id, first_row, body) VALUES (:project_id, :action_id, :first_row, :body)

-- name: close_batch!
-- The batch if it is open, and with it the action's tally if that is unfinished; says which of the two it found.
-- With rows left unprocessed the last batch does not end the action: what stops it does; until then they are open.
WITH closed AS (
    UPDATE batches
    SET
        status = 'CLOSED',
        row_count = :row_count,
        done_count = :done_count,
        failed_count = :failed_count,
        unprocessed_count = :unprocessed_count,
        closed_at = date_trunc('milliseconds', statement_timestamp())
    WHERE project_id = :project_id AND action_id = :action_id AND first_row = :first_row AND status = 'OPEN'
    RETURNING first_row
),
forgotten AS (
    DELETE FROM attempts WHERE project_id = :project_id AND action_id = :action_id AND first_row = :first_row
),
tally AS (
    UPDATE async_actions
    SET
        total_count = total_count + :row_count - :planned_count,
        open_count = open_count - :planned_count + :unprocessed_count,
        done_count = async_actions.done_count + :done_count,
        failed_count = async_actions.failed_count + :failed_count,
        created_count = created_count + :created_count,
        open_batches = open_batches - 1,
        retry_count = 0,
        retry_reason = NULL,
        failed_tries = 0,
        updated_at = greatest(updated_at, timestamp),
        started_at = coalesce(started_at, timestamp),
        status = CASE WHEN open_batches = 1 AND :unprocessed_count = 0 THEN 'DONE' ELSE 'IN_PROGRESS' END,
        operation_status = CASE WHEN open_batches = 1 AND :unprocessed_count = 0 THEN 'SUCCESS' ELSE 'UNKNOWN' END,
        ended_by = CASE WHEN open_batches = 1 AND :unprocessed_count = 0 THEN 'COMPLETED' END,
        finished_at = CASE WHEN open_batches = 1 AND :unprocessed_count = 0 THEN greatest(updated_at, timestamp) END
    FROM closed, date_trunc('milliseconds', statement_timestamp()) AS timestamp
    WHERE project_id = :project_id AND id = :action_id AND status IN ('ENQUEUED', 'IN_PROGRESS')
    RETURNING status, failed_count, sequence, project_id, id, type, ended_by, total_count, done_count,
        unprocessed_count, dry_run, requested_by, request_id, timestamp
),
ended AS (SELECT * FROM tally)

-- name: closed_batch!
-- Behind the expressions above, and the entry of the action's end.
SELECT
    closed.first_row, tally.status, tally.failed_count, tally.sequence, tally.timestamp,
    EXISTS (SELECT FROM webhooks WHERE project_id = :project_id AND active) AS is_heard
FROM closed
LEFT JOIN tally ON true

-- name: close_met!
-- Without the action's row, whose lock would hold up the project until the whole action has ended.
UPDATE batches
SET
    status = 'CLOSED',
    row_count = :met_count,
    done_count = :met_count,
    closed_at = date_trunc('milliseconds', statement_timestamp())
WHERE project_id = :project_id AND action_id = :action_id AND status = 'OPEN' AND first_row = :first_row

-- name: close_all_batches!
UPDATE batches
SET status = 'CLOSED', done_count = row_count, closed_at = date_trunc('milliseconds', statement_timestamp())
WHERE project_id = :project_id AND action_id = :action_id AND status = 'OPEN'

-- name: tally_atomic_if_unfinished!
WITH ended AS (
    UPDATE async_actions
    SET
        total_count = total_count + :beyond_plan,
        done_count = total_count + :beyond_plan,
        open_count = 0,
        created_count = :created_count,
        open_batches = 0,
        retry_count = 0,
        retry_reason = NULL,
        failed_tries = 0,
        updated_at = greatest(updated_at, timestamp),
        status = 'DONE',
        operation_status = 'SUCCESS',
        ended_by = 'COMPLETED',
        finished_at = greatest(updated_at, timestamp)
    FROM date_trunc('milliseconds', statement_timestamp()) AS timestamp
    WHERE project_id = :project_id AND id = :action_id AND status IN ('ENQUEUED', 'IN_PROGRESS')
    RETURNING
        project_id, id, type, status, ended_by, sequence, total_count, done_count, failed_count, unprocessed_count,
        dry_run, requested_by, request_id
)

-- name: count_failures_if_unfinished!
UPDATE async_actions
SET failed_count = :failed_count, open_count = open_count - :failed_count
WHERE project_id = :project_id AND id = :action_id AND status IN ('ENQUEUED', 'IN_PROGRESS')

-- name: end_if_unfinished!
-- Before the last row, of {which} actions: what has no outcome yet is unprocessed.
WITH ended AS (
    UPDATE async_actions
    SET
        unprocessed_count = open_count,
        open_count = 0,
        updated_at = greatest(updated_at, timestamp),
        status = 'FAILED',
        operation_status = 'FAILED',
        ended_by = :ended_by,
        reason = :reason,
        finished_at = greatest(updated_at, timestamp)
    FROM date_trunc('milliseconds', statement_timestamp()) AS timestamp
    WHERE {which} AND status IN ('ENQUEUED', 'IN_PROGRESS')
    RETURNING
        project_id, id, type, status, ended_by, sequence, total_count, done_count, failed_count, unprocessed_count,
        dry_run, requested_by, request_id
)

-- name: one_action!
project_id = :project_id AND id = :action_id

-- name: all_of_project!
project_id = :project_id

-- name: ended!
-- Behind tally_atomic_if_unfinished, or end_if_unfinished of one action, and the entry of its end.
SELECT sequence, EXISTS (SELECT FROM webhooks WHERE webhooks.project_id = :project_id AND active) AS is_heard FROM ended

-- name: all_ended!
-- Behind end_if_unfinished of a project, and the entries of their ends.
SELECT count(*) AS ended FROM ended

-- name: forget_dry_run_keys!
DELETE FROM dry_run_keys WHERE project_id = :project_id AND action_id = :action_id

-- name: delete_attempts!
DELETE FROM attempts WHERE project_id = :project_id AND action_id = :action_id AND first_row = :first_row
