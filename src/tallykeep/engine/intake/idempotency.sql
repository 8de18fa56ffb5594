-- name: get_key
SELECT digest, action_id FROM idempotency_keys WHERE project_id = :project_id AND key = :key

-- name: add_key!
-- Waits for a transaction that is just adding the same key, and then does nothing.
INSERT INTO idempotency_keys (project_id, key, digest, action_id, created_at)
VALUES (:project_id, :key, :digest, :action_id, statement_timestamp())
ON CONFLICT (project_id, key) DO NOTHING
