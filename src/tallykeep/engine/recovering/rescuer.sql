-- name: find_stranded_projects
-- Projects with an action that is unfinished, silent for a while, whose first open batch nobody holds, and without
-- any job waiting in the queue; with the number of jobs that their actions can do with.
-- A sign of life from the future is none: the clock was set back. Nor does a job count that waits for longer than any is
-- made to.
WITH stranded AS MATERIALIZED (
    SELECT actions.project_id, least(:batches_in_flight, actions.open_batches) AS slots
    FROM async_actions AS actions
    CROSS JOIN LATERAL (
        SELECT first_row FROM batches
        WHERE batches.project_id = actions.project_id AND batches.action_id = actions.id AND batches.status = 'OPEN'
        ORDER BY first_row
        LIMIT 1
    ) AS first_open
    JOIN batches
        ON batches.project_id = actions.project_id
        AND batches.action_id = actions.id
        AND batches.first_row = first_open.first_row
        AND batches.status = 'OPEN'
    WHERE actions.status IN ('ENQUEUED', 'IN_PROGRESS')
        AND actions.ready
        AND greatest(actions.updated_at, actions.served_at)
            NOT BETWEEN statement_timestamp() - :stranded_after::interval AND statement_timestamp()
        AND NOT EXISTS (
            SELECT FROM procrastinate_jobs
            WHERE procrastinate_jobs.status = 'todo'
                AND coalesce(procrastinate_jobs.scheduled_at, statement_timestamp())
                    <= statement_timestamp() + :max_delay::interval
                AND (procrastinate_jobs.args ->> 'project_id')::bigint = actions.project_id
        )
    LIMIT 1000
    FOR UPDATE OF batches SKIP LOCKED
)
SELECT project_id, sum(slots)::bigint AS slots FROM stranded GROUP BY project_id ORDER BY project_id

-- name: find_forgotten_sequences
-- Sequences with unfinished actions but no ready one: the worker that ended the last action died before readying the next.
SELECT DISTINCT waiting.project_id, waiting.sequence
FROM async_actions AS waiting
WHERE waiting.status IN ('ENQUEUED', 'IN_PROGRESS')
    AND NOT waiting.ready
    AND NOT EXISTS (
        SELECT FROM async_actions AS other
        WHERE other.project_id = waiting.project_id
            AND other.sequence = waiting.sequence
            AND other.status IN ('ENQUEUED', 'IN_PROGRESS')
            AND other.ready
    )
ORDER BY waiting.project_id, waiting.sequence

-- name: end_silent_transactions
-- A worker that was stopped while it talks to the server is not idle to it: only ending its session frees its claim.
-- Silent is only whom the server waits for: not a long transaction that goes on from statement to statement, and not
-- a statement that works, or waits for a lock.
SELECT pg_terminate_backend(pid)
FROM pg_stat_activity
WHERE application_name = :application_name
    AND datname = current_database()
    AND pid <> pg_backend_pid()
    AND xact_start IS NOT NULL
    AND wait_event_type = 'Client'
    AND state_change NOT BETWEEN statement_timestamp() - :lease::interval AND statement_timestamp() + :lease::interval
