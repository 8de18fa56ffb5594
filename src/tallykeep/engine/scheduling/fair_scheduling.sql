-- name: taken_slots!
-- Number the next jobs of the project, and the action that is accepted with them, if one is. The project's lock, taken
-- even for none, lasts until the transaction ends. What waits in the queue shows how far numbers have come; an empty
-- queue, the project that has come furthest. Common table expressions: others, and a statement, are to stand behind them.
in_line AS (
    SELECT coalesce(
        (SELECT -priority FROM procrastinate_jobs WHERE status = 'todo' AND priority < 0 ORDER BY priority DESC LIMIT 1),
        (SELECT max(next_slot) FROM schedules),
        1
    )::bigint AS slot
),
taken AS (
    INSERT INTO schedules AS mine (project_id, next_slot, accepted)
    SELECT :project_id, slot + :count, :accepted FROM in_line
    ON CONFLICT (project_id) DO UPDATE
    SET
        next_slot = greatest(mine.next_slot, excluded.next_slot - :count) + :count,
        accepted = mine.accepted + :accepted
    RETURNING next_slot - :count AS first_slot, accepted
)

-- name: queue_taken_slots!
-- A job for each number, behind the expressions above.
SELECT procrastinate_defer_jobs_v1(array_agg((
    :queue, :task, -(first_slot + number), NULL, NULL, jsonb_build_object('project_id', :project_id::bigint, 'small', :small::boolean),
    CASE WHEN :delay::interval > interval '0' THEN statement_timestamp() + :delay::interval END
)::procrastinate_job_to_defer_v1 ORDER BY number)) AS jobs
FROM taken, generate_series(0, :count - 1) AS number

-- name: number_acceptance
INSERT INTO schedules AS mine (project_id, next_slot, accepted)
VALUES (:project_id, 1, 1)
ON CONFLICT (project_id) DO UPDATE SET accepted = mine.accepted + 1
RETURNING accepted

-- name: wait_in_sequence!
-- Only where another action of the sequence is unfinished.
UPDATE async_actions AS this
SET ready = false
WHERE this.project_id = :project_id AND this.id = :action_id
    AND EXISTS (
        SELECT FROM async_actions AS other
        WHERE other.project_id = this.project_id
            AND other.sequence = this.sequence
            AND other.status IN ('ENQUEUED', 'IN_PROGRESS')
            AND other.id <> this.id
    )

-- name: ready_next_in_sequence
UPDATE async_actions
SET ready = true
WHERE project_id = :project_id
    AND id = (
        SELECT id FROM async_actions
        WHERE project_id = :project_id AND sequence = :sequence AND status IN ('ENQUEUED', 'IN_PROGRESS')
        ORDER BY number
        LIMIT 1
    )
    AND status IN ('ENQUEUED', 'IN_PROGRESS')
    AND NOT ready
    AND NOT EXISTS (
        SELECT FROM async_actions AS other
        WHERE other.project_id = :project_id AND other.sequence = :sequence
            AND other.status IN ('ENQUEUED', 'IN_PROGRESS') AND other.ready
    )
RETURNING id, open_batches

-- name: serve_next_action!
-- Behind it stands what tells webhooks of an action that begins by this. Losing this mark in a crash harms nothing, so it need not wait for the disk.
-- FOR UPDATE would wait for every transaction that has recorded failures of the action: a rejected one, which goes on
-- looking for more of them, would hold up its whole project, and so the workers.
WITH next AS MATERIALIZED (
    SELECT id, status AS status_before
    FROM async_actions
    WHERE project_id = :project_id AND ready AND status IN ('ENQUEUED', 'IN_PROGRESS')
        AND (NOT :small OR open_batches = 1)
    ORDER BY served_at, number
    LIMIT 1
    FOR NO KEY UPDATE
),
happened AS (
    UPDATE async_actions AS this
    SET
        served_at = timestamp,
        status = 'IN_PROGRESS',
        started_at = coalesce(started_at, timestamp),
        updated_at = CASE WHEN status = 'ENQUEUED' THEN greatest(updated_at, timestamp) ELSE updated_at END
    FROM
        next,
        date_trunc('milliseconds', statement_timestamp()) AS timestamp,
        set_config('synchronous_commit', 'off', true)
    WHERE this.project_id = :project_id AND this.id = next.id
    RETURNING this.*, status_before = 'ENQUEUED' AS started
)
