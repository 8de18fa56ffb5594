-- name: claim_jointly
-- The jobs of the small lane that are next, and for each of them, and for the one in hand, an action of its project:
-- those served longest ago. Of all of them the batch and the action are locked, the batch first: whoever has it is left
-- in peace. What others hold is skipped. Whatever the plan, nothing else is locked, but for the batch of an action that
-- somebody is just changing: candidates are in order before anything of them is locked, and each join hangs on the one
-- before it. `this` is worded so that no partial index is there for it, see close_jointly. `job_id` is NULL for the job
-- in hand; `may_join` is false for what has to be applied separately, whose body is not read.
WITH waiting AS MATERIALIZED (
    SELECT id, (args ->> 'project_id')::bigint AS project_id
    FROM procrastinate_jobs
    WHERE status = 'todo' AND queue_name = :queue
        AND (scheduled_at IS NULL OR scheduled_at <= statement_timestamp())
    ORDER BY priority DESC, id
    LIMIT :others
    FOR UPDATE SKIP LOCKED
),
served AS (
    SELECT project_id, count(*) AS slots, array_agg(id ORDER BY id) FILTER (WHERE id IS NOT NULL) AS jobs
    FROM (SELECT project_id, id FROM waiting UNION ALL SELECT :project_id::bigint, NULL) AS each_slot
    GROUP BY project_id
)
SELECT
    served.project_id, served.slots, served.jobs[row_number() OVER (PARTITION BY served.project_id)] AS job_id,
    action.id, type, source, submission_options, first_row, row_count, lines, broken, uncompressed_size, may_join,
    CASE WHEN may_join THEN body END AS body
FROM set_config('idle_in_transaction_session_timeout', :silence, true) AS silence,
    set_config('lock_timeout', :lock_timeout, true) AS lock_timeout,
    served,
    LATERAL (
        SELECT
            this.id, this.type, this.source, first_row, row_count, lines, broken, body, uncompressed_size,
            this.submission_options - '{mapping,defaults,values}'::text[] AS submission_options,
            this.type = ANY (:types)
            AND this.on_error = 'continue'
            AND NOT this.dry_run
            AND this.retry_count = 0
            AND batch.row_count = this.total_count
            AND batch.row_count <= :max_rows
            AND coalesce(uncompressed_size, octet_length(body)) <= :max_bytes
            AND NOT EXISTS (
                SELECT FROM attempts
                WHERE attempts.project_id = this.project_id AND attempts.action_id = this.id AND attempts > 0
            ) AS may_join
        FROM (
                SELECT id
                FROM async_actions
                WHERE project_id = served.project_id
                    AND ready
                    AND status IN ('ENQUEUED', 'IN_PROGRESS')
                    AND open_batches = 1
                ORDER BY served_at, number
                LIMIT served.slots + :held_by_others
            ) AS candidate,
            LATERAL (
                SELECT action_id, first_row, row_count, lines, broken, body, uncompressed_size
                FROM batches
                WHERE project_id = served.project_id AND action_id = candidate.id AND status = 'OPEN'
                LIMIT 1
                FOR UPDATE SKIP LOCKED
            ) AS batch,
            LATERAL (
                SELECT *
                FROM async_actions
                WHERE project_id = served.project_id
                    AND id = batch.action_id
                    AND ready
                    AND status NOT IN ('DONE', 'FAILED')
                    AND open_batches = 1
                FOR NO KEY UPDATE SKIP LOCKED
            ) AS this
        LIMIT served.slots
    ) AS action

-- name: note_attempts!
-- Need not wait for the disk: an attempt that is lost is one more that may be tried.
INSERT INTO attempts AS noted (project_id, action_id, first_row, attempts)
SELECT project_id, action_id, first_row, 1
FROM set_config('synchronous_commit', 'off', true),
    unnest(:project_ids::bigint[], :action_ids::text[], :first_rows::bigint[]) AS each (project_id, action_id, first_row)
ON CONFLICT (project_id, action_id, first_row) DO UPDATE SET attempts = noted.attempts + 1

-- name: forget_attempts!
UPDATE attempts
SET attempts = greatest(attempts - 1, 0)
FROM unnest(:project_ids::bigint[], :action_ids::text[], :first_rows::bigint[]) AS each (project_id, action_id, first_row)
WHERE attempts.project_id = each.project_id
    AND attempts.action_id = each.action_id
    AND attempts.first_row = each.first_row

-- name: close_jointly!
-- As close_batch of one: a batch if it is open, and with it the tally of its action if that is unfinished, which ends
-- as none of its rows is left; then the jobs that were there for them. Returns how many actions have ended so, and whether a webhook may hear of one.
-- The guards are worded so that no partial index is there for them: where many actions wait of which the statistics know
-- nothing, all of those would be read for each that is closed.
WITH each AS (
    SELECT *
    FROM unnest(
        :project_ids::bigint[], :action_ids::text[], :first_rows::bigint[], :row_counts::bigint[],
        :failed_counts::bigint[], :created_counts::bigint[]
    ) AS each (project_id, action_id, first_row, row_count, failed_count, created_count)
),
closed AS (
    UPDATE batches
    SET
        status = 'CLOSED',
        done_count = each.row_count - each.failed_count,
        failed_count = each.failed_count,
        closed_at = date_trunc('milliseconds', statement_timestamp())
    FROM each
    WHERE batches.project_id = each.project_id
        AND batches.action_id = each.action_id
        AND batches.first_row = each.first_row
        AND batches.status <> 'CLOSED'
    RETURNING each.*
),
forgotten AS (
    DELETE FROM attempts
    USING closed
    WHERE attempts.project_id = closed.project_id
        AND attempts.action_id = closed.action_id
        AND attempts.first_row = closed.first_row
),
ended AS (
    UPDATE async_actions AS this
    SET
        open_count = this.open_count - closed.row_count,
        done_count = this.done_count + closed.row_count - closed.failed_count,
        failed_count = this.failed_count + closed.failed_count,
        created_count = this.created_count + closed.created_count,
        open_batches = this.open_batches - 1,
        updated_at = greatest(this.updated_at, timestamp),
        started_at = coalesce(this.started_at, :started_at),
        status = 'DONE',
        operation_status = 'SUCCESS',
        ended_by = 'COMPLETED',
        finished_at = greatest(this.updated_at, timestamp)
    FROM closed, date_trunc('milliseconds', statement_timestamp()) AS timestamp
    WHERE this.project_id = closed.project_id
        AND this.id = closed.action_id
        AND this.status NOT IN ('DONE', 'FAILED')
        AND this.open_batches = 1
    RETURNING
        this.project_id, this.id, this.type, this.status, this.ended_by, this.total_count, this.done_count,
        this.failed_count, this.unprocessed_count, this.dry_run, this.requested_by, this.request_id
),
served AS (
    DELETE FROM procrastinate_jobs WHERE id = ANY (:jobs::bigint[])
)

-- name: closed_jointly!
-- Behind the expressions above, and the entries of the actions' ends.
SELECT
    count(*) AS ended,
    EXISTS (
        SELECT FROM webhooks WHERE project_id = ANY (:project_ids::bigint[]) AND active
    ) AS is_heard
FROM ended
