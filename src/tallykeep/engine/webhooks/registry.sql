-- name: list_webhooks
SELECT id, target_url, events, active, failure_threshold, failing_since, disabled_reason, created_at, updated_at
FROM webhooks
WHERE project_id = :project_id
ORDER BY created_at, id

-- name: get_webhook
SELECT id, target_url, events, active, failure_threshold, failing_since, disabled_reason, created_at, updated_at
FROM webhooks
WHERE project_id = :project_id AND id = :id

-- name: hold_webhook
SELECT id, target_url, events, active, failure_threshold, failing_since, disabled_reason, created_at, updated_at
FROM webhooks
WHERE project_id = :project_id AND id = :id
FOR UPDATE

-- name: lock_number
-- So that two that are made at once are counted one after the other.
SELECT pg_advisory_xact_lock(hashtextextended('webhooks', :project_id))

-- name: add_webhook
INSERT INTO webhooks (
    project_id, id, target_url, events, active, failure_threshold, secret, created_at, updated_at
)
SELECT :project_id, :id, :target_url, :events, :active, :failure_threshold, :secret, timestamp, timestamp
FROM date_trunc('milliseconds', statement_timestamp()) AS timestamp
WHERE (SELECT count(*) FROM webhooks WHERE project_id = :project_id) < :max_webhooks
RETURNING id, target_url, events, active, failure_threshold, failing_since, disabled_reason, created_at, updated_at

-- name: update_webhook
-- What it was disabled or failing for is forgotten where it is active again, or goes somewhere else.
UPDATE webhooks
SET
    target_url = :target_url,
    events = :events,
    active = coalesce(:active, active),
    failure_threshold = coalesce(:failure_threshold, failure_threshold),
    disabled_reason = CASE WHEN NOT coalesce(:active, active) THEN disabled_reason END,
    failing_since = CASE WHEN target_url = :target_url AND coalesce(:active, active) = active THEN failing_since END,
    paused_until = NULL,
    updated_at = date_trunc('milliseconds', statement_timestamp())
WHERE project_id = :project_id AND id = :id
RETURNING id, target_url, events, active, failure_threshold, failing_since, disabled_reason, created_at, updated_at

-- name: rotate_secret
UPDATE webhooks
SET
    previous_secret = secret,
    previous_until = date_trunc('milliseconds', statement_timestamp()) + :overlap,
    secret = :secret,
    updated_at = date_trunc('milliseconds', statement_timestamp())
WHERE project_id = :project_id AND id = :id
RETURNING
    id, target_url, events, active, failure_threshold, failing_since, disabled_reason, created_at, updated_at,
    previous_until

-- name: delete_webhook!
-- Its deliveries are removed later, step by step.
DELETE FROM webhooks WHERE project_id = :project_id AND id = :id
