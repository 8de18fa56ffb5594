-- name: claim_due
-- Events that are due, of each webhook and of each project no more than their share, less what is in hand here already
-- (`busy`). Of an action an event waits for those before it, until these have failed often enough. Whoever has claimed one
-- and dies leaves it to be due again after the lease.
WITH busy AS (
    SELECT * FROM unnest(:project_ids::bigint[], :webhook_ids::text[], :counts::bigint[])
        AS busy (project_id, webhook_id, count)
),
ready AS MATERIALIZED (
    SELECT
        ready.*,
        row_number() OVER (
            PARTITION BY ready.project_id, ready.webhook_id ORDER BY ready.due_at, ready.step, ready.event_id
        ) + coalesce((
            SELECT count FROM busy
            WHERE busy.project_id = ready.project_id AND busy.webhook_id = ready.webhook_id
        ), 0) AS of_webhook
    FROM webhooks
    CROSS JOIN LATERAL (
        SELECT *
        FROM (
            SELECT * FROM webhook_deliveries AS this
            WHERE this.project_id = webhooks.project_id
                AND this.webhook_id = webhooks.id
                AND this.status = 'PENDING'
                AND this.due_at <= statement_timestamp()
            ORDER BY this.due_at, this.step, this.event_id
            LIMIT :scanned
        ) AS first_due
        WHERE NOT EXISTS (
            SELECT FROM webhook_deliveries AS earlier
            WHERE earlier.project_id = first_due.project_id
                AND earlier.webhook_id = first_due.webhook_id
                AND earlier.action_id = first_due.action_id
                AND earlier.status = 'PENDING'
                AND earlier.step < first_due.step
                AND earlier.attempts - earlier.resent_after < :attempts_in_order
        )
        ORDER BY due_at, step, event_id
        LIMIT greatest(
            CASE WHEN webhooks.failing_since IS NULL THEN :share_of_webhook ELSE 1 END
            - coalesce((
                SELECT count FROM busy
                WHERE busy.project_id = webhooks.project_id AND busy.webhook_id = webhooks.id
            ), 0), 0
        )
    ) AS ready
    WHERE webhooks.active
        AND (
            webhooks.paused_until IS NULL
            -- Paused for longer than any is: the clock was set back.
            OR webhooks.paused_until NOT BETWEEN statement_timestamp() AND statement_timestamp() + :max_pause::interval
        )
),
due AS MATERIALIZED (
    -- Webhooks of which little is in hand come first, so that slow ones leave their project's others some room.
    SELECT
        project_id, webhook_id, event_id,
        row_number() OVER (PARTITION BY project_id ORDER BY of_webhook, due_at, step, event_id)
            + coalesce((SELECT sum(count) FROM busy WHERE busy.project_id = ready.project_id), 0) AS rank
    FROM ready
),
claimed AS MATERIALIZED (
    SELECT deliveries.project_id, deliveries.webhook_id, deliveries.event_id
    FROM due
    JOIN webhook_deliveries AS deliveries USING (project_id, webhook_id, event_id)
    WHERE due.rank <= :share_of_project
        AND deliveries.status = 'PENDING'
        AND deliveries.due_at <= statement_timestamp()
    ORDER BY due.rank
    LIMIT :free
    FOR UPDATE OF deliveries SKIP LOCKED
)
UPDATE webhook_deliveries AS this
SET
    attempts = this.attempts + 1,
    attempted_at = date_trunc('milliseconds', statement_timestamp()),
    due_at = statement_timestamp() + :lease::interval
FROM claimed
JOIN webhooks ON webhooks.project_id = claimed.project_id AND webhooks.id = claimed.webhook_id
JOIN projects ON projects.project_id = claimed.project_id
WHERE this.project_id = claimed.project_id
    AND this.webhook_id = claimed.webhook_id
    AND this.event_id = claimed.event_id
RETURNING
    this.project_id, this.webhook_id, this.event_id, this.event, this.data, this.created_at, this.attempts,
    this.attempts - this.resent_after AS tries, webhooks.target_url, webhooks.secret,
    CASE WHEN webhooks.previous_until > statement_timestamp() THEN webhooks.previous_secret END AS previous_secret,
    projects.id AS project, extract(epoch FROM statement_timestamp())::bigint AS timestamp

-- name: note_delivered!
-- Only for the attempt that was made last, and since it was sent again: an earlier one that comes back late says nothing
-- about it.
WITH delivered AS (
    UPDATE webhook_deliveries
    SET
        status = 'DELIVERED',
        delivered_at = date_trunc('milliseconds', statement_timestamp()),
        last_status = :status,
        last_error = NULL,
        history = {history}
    WHERE project_id = :project_id AND webhook_id = :webhook_id AND event_id = :event_id
        AND status = 'PENDING'
        AND attempts = :attempts
        AND resent_after < attempts
)
UPDATE webhooks
SET failing_since = NULL, paused_until = NULL
WHERE project_id = :project_id AND id = :webhook_id AND failing_since IS NOT NULL

-- name: note_failed
-- It comes again after the delay, unless that is beyond its time. The webhook is left alone for as long as it has been
-- failing, up to a limit: however many events wait, they are not tried one after another in vain.
WITH failing AS (
    UPDATE webhooks
    SET
        failing_since = coalesce(failing_since, timestamp),
        paused_until = timestamp + least(timestamp - coalesce(failing_since, timestamp), :max_pause::interval)
    FROM date_trunc('milliseconds', statement_timestamp()) AS timestamp
    WHERE project_id = :project_id AND id = :webhook_id
)
UPDATE webhook_deliveries
SET
    status = CASE WHEN statement_timestamp() + :delay::interval > expires_at THEN 'GIVEN_UP' ELSE 'PENDING' END,
    due_at = date_trunc('milliseconds', statement_timestamp()) + :delay::interval,
    last_status = :status,
    last_error = :error,
    history = {history}
WHERE project_id = :project_id AND webhook_id = :webhook_id AND event_id = :event_id
    AND status = 'PENDING'
    AND attempts = :attempts
    AND resent_after < attempts
RETURNING status

-- name: history!
-- With this attempt, and without the oldest where there are as many as are kept.
CASE WHEN jsonb_array_length(history) < :max_history THEN history ELSE history - 0 END || jsonb_build_array(
    jsonb_build_object(
        'number', attempts,
        'at', to_char(attempted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'status', :status::bigint,
        'error', :error::text
    )
)

-- name: note_gone!
-- The receiver wants no more of them.
WITH given_up AS (
    UPDATE webhook_deliveries
    SET status = 'GIVEN_UP', last_status = :status, last_error = :error, history = {history}
    WHERE project_id = :project_id AND webhook_id = :webhook_id AND event_id = :event_id
        AND status = 'PENDING'
        AND attempts = :attempts
        AND resent_after < attempts
)
UPDATE webhooks
SET
    active = false,
    disabled_reason = :error,
    updated_at = date_trunc('milliseconds', statement_timestamp())
WHERE project_id = :project_id AND id = :webhook_id AND target_url = :target_url AND active

-- name: give_up_expired!
-- Those of webhooks that are not active, above all: the others are given up by their last attempt.
WITH picked AS MATERIALIZED (
    SELECT project_id, webhook_id, event_id
    FROM webhook_deliveries
    WHERE status = 'PENDING' AND expires_at < statement_timestamp() AND due_at < statement_timestamp()
    LIMIT :step
    FOR UPDATE SKIP LOCKED
)
UPDATE webhook_deliveries
SET status = 'GIVEN_UP', last_error = coalesce(last_error, 'not sent within three days')
WHERE (project_id, webhook_id, event_id) IN (SELECT project_id, webhook_id, event_id FROM picked)

-- name: hasten_late!
-- What is due later than anything is put off by was put off by a clock that has been set back since.
WITH picked AS MATERIALIZED (
    SELECT project_id, webhook_id, event_id
    FROM webhook_deliveries
    WHERE status = 'PENDING' AND due_at > statement_timestamp() + :max_delay::interval
    LIMIT :step
    FOR UPDATE SKIP LOCKED
)
UPDATE webhook_deliveries
SET due_at = statement_timestamp()
WHERE (project_id, webhook_id, event_id) IN (SELECT project_id, webhook_id, event_id FROM picked)

-- name: delete_old!
-- An event of an action that has not ended stays: it must not be recorded anew.
WITH picked AS MATERIALIZED (
    SELECT deliveries.project_id, deliveries.webhook_id, deliveries.event_id
    FROM webhook_deliveries AS deliveries
    WHERE deliveries.created_at < statement_timestamp() - :age::interval
        AND deliveries.status <> 'PENDING'
        AND NOT EXISTS (
            SELECT FROM async_actions AS actions
            WHERE actions.project_id = deliveries.project_id
                AND actions.id = deliveries.action_id
                AND actions.status IN ('ENQUEUED', 'IN_PROGRESS')
        )
    ORDER BY deliveries.created_at
    LIMIT :step
    FOR UPDATE OF deliveries SKIP LOCKED
)
DELETE FROM webhook_deliveries
WHERE (project_id, webhook_id, event_id) IN (SELECT project_id, webhook_id, event_id FROM picked)

-- name: delete_orphans!
-- Those of webhooks that were deleted: from webhook to webhook along the index.
WITH RECURSIVE holders AS MATERIALIZED (
    (SELECT project_id, webhook_id FROM webhook_deliveries ORDER BY project_id, webhook_id LIMIT 1)
    UNION ALL
    SELECT next.project_id, next.webhook_id
    FROM holders
    CROSS JOIN LATERAL (
        SELECT project_id, webhook_id
        FROM webhook_deliveries
        WHERE (project_id, webhook_id) > (holders.project_id, holders.webhook_id)
        ORDER BY project_id, webhook_id
        LIMIT 1
    ) AS next
), orphans AS MATERIALIZED (
    SELECT deliveries.project_id, deliveries.webhook_id, deliveries.event_id
    FROM holders
    JOIN webhook_deliveries AS deliveries
        ON deliveries.project_id = holders.project_id AND deliveries.webhook_id = holders.webhook_id
    WHERE NOT EXISTS (
        SELECT FROM webhooks WHERE webhooks.project_id = holders.project_id AND webhooks.id = holders.webhook_id
    )
    LIMIT :step
    FOR UPDATE OF deliveries SKIP LOCKED
)
DELETE FROM webhook_deliveries
WHERE (project_id, webhook_id, event_id) IN (SELECT project_id, webhook_id, event_id FROM orphans)
