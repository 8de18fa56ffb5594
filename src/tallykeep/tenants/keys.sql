-- name: list_keys
SELECT
    kind, key_id, name, role, scopes, expires_at, addresses, last_used_at, created_at,
    coalesce(expires_at <= statement_timestamp(), false) AS expired,
    CASE WHEN previous_until > statement_timestamp() THEN previous_until END AS previous_token_until
FROM api_keys
WHERE project_id = :project_id AND revoked_at IS NULL
ORDER BY created_at, kind, key_id

-- name: lock_keys
-- All of them, in one order: of two keys that revoke each other at once, the one that comes second finds itself gone.
SELECT
    kind, key_id, name, role, scopes, expires_at, addresses,
    coalesce(expires_at <= statement_timestamp(), false) AS expired,
    CASE WHEN previous_until > statement_timestamp() THEN previous_until END AS previous_token_until
FROM api_keys
WHERE project_id = :project_id AND revoked_at IS NULL
ORDER BY kind, key_id
FOR UPDATE

-- name: add_key
INSERT INTO api_keys (key_id, kind, project_id, token_hash, name, role, scopes, expires_at, addresses, created_at)
VALUES (
    :key_id, :kind, :project_id, :token_hash, :name, :role, :scopes, :expires_at, :addresses,
    date_trunc('milliseconds', statement_timestamp())
)
RETURNING
    kind, key_id, name, role, scopes, expires_at, addresses, last_used_at, created_at,
    false AS expired, previous_until AS previous_token_until

-- name: change_key
UPDATE api_keys
SET name = :name, role = :role, scopes = :scopes, expires_at = :expires_at, addresses = :addresses
WHERE project_id = :project_id AND kind = :kind AND key_id = :key_id AND revoked_at IS NULL
RETURNING
    kind, key_id, name, role, scopes, expires_at, addresses, last_used_at, created_at,
    coalesce(expires_at <= statement_timestamp(), false) AS expired,
    CASE WHEN previous_until > statement_timestamp() THEN previous_until END AS previous_token_until

-- name: rotate_key
UPDATE api_keys
SET
    token_hash = :token_hash,
    previous_token_hash = CASE WHEN :overlap::interval > interval '0' THEN token_hash END,
    previous_until = CASE
        WHEN :overlap::interval > interval '0'
            THEN date_trunc('milliseconds', statement_timestamp()) + :overlap::interval
    END
WHERE project_id = :project_id AND kind = :kind AND key_id = :key_id AND revoked_at IS NULL
RETURNING
    kind, key_id, name, role, scopes, expires_at, addresses, last_used_at, created_at,
    coalesce(expires_at <= statement_timestamp(), false) AS expired,
    CASE WHEN previous_until > statement_timestamp() THEN previous_until END AS previous_token_until

-- name: revoke_key!
WITH revoked AS (
    UPDATE api_keys
    SET revoked_at = date_trunc('milliseconds', statement_timestamp())
    WHERE project_id = :project_id AND kind = :kind AND key_id = :key_id AND revoked_at IS NULL
    RETURNING project_id, kind, key_id
)
DELETE FROM access_tokens AS tokens
USING revoked
WHERE tokens.project_id = revoked.project_id AND tokens.key_kind = revoked.kind AND tokens.key_id = revoked.key_id
