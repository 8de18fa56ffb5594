-- name: list_keys
SELECT kind, key_id, name, created_at
FROM api_keys
WHERE project_id = :project_id AND revoked_at IS NULL
ORDER BY created_at, kind, key_id

-- name: lock_keys
-- All of them, in one order: of two keys that revoke each other at once, the one that comes second finds itself gone.
SELECT kind, key_id
FROM api_keys
WHERE project_id = :project_id AND revoked_at IS NULL
ORDER BY kind, key_id
FOR UPDATE

-- name: add_key
INSERT INTO api_keys (key_id, kind, project_id, token_hash, name, created_at)
VALUES (:key_id, :kind, :project_id, :token_hash, :name, date_trunc('milliseconds', statement_timestamp()))
RETURNING kind, key_id, name, created_at

-- name: revoke_key!
UPDATE api_keys
SET revoked_at = date_trunc('milliseconds', statement_timestamp())
WHERE project_id = :project_id AND kind = :kind AND key_id = :key_id AND revoked_at IS NULL
