-- name: find_key
SELECT
    api_keys.project_id, projects.id AS project, deletion_id IS NOT NULL AS is_closed,
    max_rows_per_day, max_stored_rows, max_open_actions,
    api_keys.key_id, api_keys.kind AS key_kind,
    role, scopes, NULL::text[] AS token_scopes, NULL::text AS token_id, addresses, token_hash,
    CASE WHEN previous_until > statement_timestamp() THEN previous_token_hash END AS previous_token_hash,
    extract(epoch FROM expires_at - statement_timestamp())::float8 AS expires_in,
    extract(epoch FROM previous_until - statement_timestamp())::float8 AS previous_in,
    last_used_at IS NULL
        OR last_used_at NOT BETWEEN statement_timestamp() - interval '1 minute' AND statement_timestamp() AS use_is_due
FROM api_keys JOIN projects USING (project_id)
WHERE kind = :kind AND key_id = :key_id
    AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > statement_timestamp())

-- name: find_token
SELECT
    api_keys.project_id, projects.id AS project, deletion_id IS NOT NULL AS is_closed,
    max_rows_per_day, max_stored_rows, max_open_actions,
    api_keys.key_id, api_keys.kind AS key_kind,
    role, api_keys.scopes, tokens.scopes AS token_scopes, tokens.id AS token_id, addresses,
    extract(epoch FROM least(tokens.expires_at, api_keys.expires_at) - statement_timestamp())::float8 AS expires_in,
    last_used_at IS NULL
        OR last_used_at NOT BETWEEN statement_timestamp() - interval '1 minute' AND statement_timestamp() AS use_is_due
FROM access_tokens AS tokens
JOIN api_keys
    ON api_keys.project_id = tokens.project_id AND api_keys.kind = tokens.key_kind AND api_keys.key_id = tokens.key_id
JOIN projects ON projects.project_id = tokens.project_id
WHERE tokens.project_id = :project_id AND tokens.token_hash = :token_hash
    AND tokens.expires_at > statement_timestamp()
    AND revoked_at IS NULL AND (api_keys.expires_at IS NULL OR api_keys.expires_at > statement_timestamp())

-- name: note_use!
-- Who is changing the key, or notes its use as well, is not waited for.
UPDATE api_keys
SET last_used_at = date_trunc('milliseconds', statement_timestamp())
WHERE (kind, key_id) IN (
    SELECT kind, key_id
    FROM api_keys
    WHERE kind = :kind AND key_id = :key_id
        AND (
            last_used_at IS NULL
            OR last_used_at NOT BETWEEN statement_timestamp() - interval '1 minute' AND statement_timestamp()
        )
    FOR NO KEY UPDATE SKIP LOCKED
)
