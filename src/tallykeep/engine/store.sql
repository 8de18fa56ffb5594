-- name: add_action!
INSERT INTO async_actions (
    project_id, id, type, sequence, status, operation_status, request_id, source, total_count, open_portions,
    created_at, updated_at
)
VALUES (:project_id, :id, :type, :sequence, 'ENQUEUED', 'UNKNOWN', :request_id, '{}', 0, 0, :now, :now)

-- name: copy_portions!
COPY portions (project_id, action_id, first_row, row_count, body) FROM STDIN (FORMAT BINARY)

-- name: count_portions
SELECT coalesce(sum(row_count), 0)::bigint AS rows, count(*) AS portions
FROM portions
WHERE project_id = :project_id AND action_id = :id

-- name: complete_acceptance!
-- An action without rows is done as soon as it is accepted.
UPDATE async_actions
SET
    source = :source,
    total_count = :total_count,
    open_portions = :open_portions,
    updated_at = :now,
    status = CASE WHEN :open_portions = 0 THEN 'DONE' ELSE 'ENQUEUED' END,
    operation_status = CASE WHEN :open_portions = 0 THEN 'SUCCESS' ELSE 'UNKNOWN' END,
    finished_at = CASE WHEN :open_portions = 0 THEN :now::timestamptz END
WHERE project_id = :project_id AND id = :id

-- name: start_if_enqueued!
UPDATE async_actions
SET status = 'IN_PROGRESS', started_at = :now, updated_at = greatest(updated_at, :now)
WHERE project_id = :project_id AND id = :id AND status = 'ENQUEUED'

-- name: claim_open_portion
-- The row lock is the claim: it lasts as long as the worker's transaction, and dies with its connection. Only the first
-- few open portions may be claimed, so that a slow one cannot gather waiting workers behind it.
SELECT first_row, row_count, body
FROM portions
WHERE project_id = :project_id AND action_id = :action_id AND status = 'OPEN'
    AND first_row IN (
        SELECT first_row FROM portions
        WHERE project_id = :project_id AND action_id = :action_id AND status = 'OPEN'
        ORDER BY first_row
        LIMIT :portions_in_flight
    )
ORDER BY first_row
LIMIT 1
FOR UPDATE SKIP LOCKED

-- name: get_action_for_portion
SELECT type, source FROM async_actions WHERE project_id = :project_id AND id = :action_id

-- name: limit_silence
SELECT set_config('idle_in_transaction_session_timeout', :milliseconds, true)

-- name: wait_for_earlier_portions
-- Waits for the transaction that holds the portion before; one that is still open afterwards was rolled back.
-- Shared, and only the last one: locking several in order could meet another waiter head on.
SELECT first_row
FROM portions
WHERE project_id = :project_id AND action_id = :action_id AND status = 'OPEN' AND first_row < :first_row
ORDER BY first_row DESC
LIMIT 1
FOR SHARE

-- name: earlier_open_portion
SELECT first_row
FROM portions
WHERE project_id = :project_id AND action_id = :action_id AND status = 'OPEN' AND first_row < :first_row
LIMIT 1

-- name: copy_failures!
COPY failures (project_id, action_id, "row", key, reason, error_key) FROM STDIN

-- name: add_report_part!
INSERT INTO report_parts (project_id, action_id, first_row, body) VALUES (:project_id, :action_id, :first_row, :body)

-- name: add_secret!
INSERT INTO secrets (name, value) VALUES (:name, :value) ON CONFLICT DO NOTHING

-- name: get_secret
SELECT value FROM secrets WHERE name = :name

-- name: get_type
SELECT type FROM async_actions WHERE project_id = :project_id AND id = :action_id

-- name: read_report
SELECT body FROM report_parts WHERE project_id = :project_id AND action_id = :action_id ORDER BY first_row

-- name: earlier_in_sequence
-- The sequence of this action, and whether one before it is still unfinished.
SELECT EXISTS (
    SELECT FROM async_actions AS earlier
    WHERE earlier.project_id = this.project_id
        AND earlier.sequence = this.sequence
        AND earlier.status IN ('ENQUEUED', 'IN_PROGRESS')
        AND (earlier.created_at, earlier.id) < (this.created_at, this.id)
) AS waits
FROM async_actions AS this
WHERE this.project_id = :project_id AND this.id = :action_id AND this.sequence IS NOT NULL

-- name: next_in_sequence
SELECT following.id, following.open_portions
FROM async_actions AS this
JOIN async_actions AS following
    ON following.project_id = this.project_id
    AND following.sequence = this.sequence
    AND following.status IN ('ENQUEUED', 'IN_PROGRESS')
    AND following.id <> this.id
WHERE this.project_id = :project_id AND this.id = :action_id
ORDER BY following.created_at, following.id
LIMIT 1

-- name: close_portion_if_open!
UPDATE portions
SET status = 'CLOSED', done_count = row_count - :failed_count, failed_count = :failed_count, closed_at = :now
WHERE project_id = :project_id AND action_id = :action_id AND first_row = :first_row AND status = 'OPEN'

-- name: tally_if_unfinished
UPDATE async_actions
SET
    done_count = done_count + :done_count,
    failed_count = failed_count + :failed_count,
    open_portions = open_portions - 1,
    updated_at = greatest(updated_at, :now),
    started_at = coalesce(started_at, :now),
    status = CASE WHEN open_portions = 1 THEN 'DONE' ELSE 'IN_PROGRESS' END,
    operation_status = CASE WHEN open_portions = 1 THEN 'SUCCESS' ELSE 'UNKNOWN' END,
    finished_at = CASE WHEN open_portions = 1 THEN greatest(updated_at, :now) END
WHERE project_id = :project_id AND id = :action_id AND status IN ('ENQUEUED', 'IN_PROGRESS')
RETURNING open_portions

-- name: get_action
-- Tally and failures in one statement, so that they are of one moment.
SELECT
    project_id, id, type, status, operation_status, request_id, created_at, updated_at, finished_at, total_count,
    done_count, failed_count,
    CASE WHEN failed_count = 0 THEN '[]'::json ELSE (
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

-- name: list_actions
SELECT
    project_id, id, type, status, operation_status, request_id, created_at, updated_at, finished_at, total_count,
    done_count, failed_count
FROM async_actions
WHERE project_id = :project_id AND (:before::timestamptz IS NULL OR created_at < :before)
ORDER BY created_at DESC, id DESC
LIMIT :limit

-- name: first_failures
SELECT "row", key, reason
FROM failures
WHERE project_id = :project_id AND action_id = :action_id AND "row" > :after_row
ORDER BY "row"
LIMIT :limit

-- name: failures_by_reason
SELECT reason, count(*) AS count, (array_agg("row" ORDER BY "row"))[1 : 5] AS first_rows
FROM failures
WHERE project_id = :project_id AND action_id = :action_id
GROUP BY reason
ORDER BY count DESC, min("row")
LIMIT :limit

-- name: find_stranded_actions
-- Unfinished, silent for a while, with a first open portion that nobody holds and no job waiting in the queue.
SELECT actions.project_id, actions.id
FROM async_actions AS actions
CROSS JOIN LATERAL (
    SELECT first_row FROM portions
    WHERE portions.project_id = actions.project_id AND portions.action_id = actions.id AND portions.status = 'OPEN'
    ORDER BY first_row
    LIMIT 1
) AS first_open
JOIN portions
    ON portions.project_id = actions.project_id
    AND portions.action_id = actions.id
    AND portions.first_row = first_open.first_row
    AND portions.status = 'OPEN'
WHERE actions.status IN ('ENQUEUED', 'IN_PROGRESS')
    AND actions.updated_at < :silent_since
    AND NOT EXISTS (
        SELECT FROM async_actions AS earlier
        WHERE earlier.project_id = actions.project_id
            AND earlier.sequence = actions.sequence
            AND earlier.status IN ('ENQUEUED', 'IN_PROGRESS')
            AND (earlier.created_at, earlier.id) < (actions.created_at, actions.id)
    )
    AND NOT EXISTS (
        SELECT FROM procrastinate_jobs
        WHERE procrastinate_jobs.status = 'todo'
            AND procrastinate_jobs.args ->> 'action_id' = actions.id
            AND (procrastinate_jobs.args ->> 'project_id')::bigint = actions.project_id
    )
LIMIT 100
FOR UPDATE OF portions SKIP LOCKED

-- name: end_silent_transactions
-- A worker that was stopped while it talks to the server is not idle to it: only ending its session frees its claim.
SELECT pg_terminate_backend(pid)
FROM pg_stat_activity
WHERE application_name = :application_name
    AND datname = current_database()
    AND pid <> pg_backend_pid()
    AND xact_start < :started_before
