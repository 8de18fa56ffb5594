-- name: list_deliveries
SELECT
    webhooks.id AS webhook_id,
    event_id, event, action_id, status, attempts, deliveries.created_at, due_at, expires_at, attempted_at, delivered_at,
    last_status, last_error, history
FROM webhooks
LEFT JOIN LATERAL (
    SELECT *
    FROM webhook_deliveries AS this
    WHERE this.project_id = webhooks.project_id
        AND this.webhook_id = webhooks.id
        AND (:status::text IS NULL OR this.status = :status)
    ORDER BY created_at DESC, event_id DESC
    LIMIT :limit OFFSET :offset
) AS deliveries ON true
WHERE webhooks.project_id = :project_id AND webhooks.id = :webhook_id
ORDER BY deliveries.created_at DESC, event_id DESC

-- name: send_again
-- As if it were new, but under the id that it has, and behind the attempts that were made before. A webhook that is left
-- alone as it fails is tried at once.
WITH tried AS (
    UPDATE webhooks
    SET paused_until = NULL
    WHERE project_id = :project_id AND id = :webhook_id AND paused_until IS NOT NULL
)
UPDATE webhook_deliveries
SET
    status = 'PENDING',
    resent_after = attempts,
    delivered_at = NULL,
    due_at = date_trunc('milliseconds', statement_timestamp()),
    expires_at = date_trunc('milliseconds', statement_timestamp()) + interval '3 days'
WHERE project_id = :project_id
    AND webhook_id = :webhook_id
    AND event_id = :event_id
    AND EXISTS (SELECT FROM webhooks WHERE webhooks.project_id = :project_id AND webhooks.id = :webhook_id)
RETURNING
    event_id, event, action_id, status, attempts, created_at, due_at, expires_at, attempted_at, delivered_at,
    last_status, last_error, history

-- name: add_test_event
-- A webhook that is left alone as it fails is tried at once.
WITH tried AS (
    UPDATE webhooks
    SET paused_until = NULL
    WHERE project_id = :project_id AND id = :webhook_id AND paused_until IS NOT NULL
)
INSERT INTO webhook_deliveries (
    project_id, webhook_id, event_id, event, step, data, created_at, due_at, expires_at
)
SELECT
    :project_id, webhooks.id, :event_id, :event, 0, json_build_object('id', webhooks.id, 'object', 'webhook'),
    timestamp, timestamp, timestamp + interval '3 days'
FROM webhooks, date_trunc('milliseconds', statement_timestamp()) AS timestamp
WHERE webhooks.project_id = :project_id AND webhooks.id = :webhook_id
RETURNING
    event_id, event, action_id, status, attempts, created_at, due_at, expires_at, attempted_at, delivered_at,
    last_status, last_error, history
