-- name: lock_project
-- Who asks for a token of the project at the same time counts those that this one leaves.
SELECT FROM projects WHERE project_id = :project_id FOR NO KEY UPDATE

-- name: delete_expired!
-- Not at once: a download that goes on tells by them that its token has expired and was not revoked.
WITH picked AS MATERIALIZED (
    SELECT project_id, token_hash FROM access_tokens
    WHERE expires_at <= statement_timestamp() - :age::interval
    ORDER BY expires_at LIMIT :step FOR UPDATE SKIP LOCKED
)
DELETE FROM access_tokens
WHERE (project_id, token_hash) IN (SELECT project_id, token_hash FROM picked)

-- name: live_tokens
SELECT
    count(*) AS of_project,
    count(*) FILTER (WHERE is_own) AS of_key,
    greatest(1, ceil(extract(epoch FROM min(expires_at) - statement_timestamp())))::int AS seconds_until_next,
    greatest(1, ceil(extract(epoch FROM min(expires_at) FILTER (WHERE is_own) - statement_timestamp())))::int
        AS seconds_until_next_of_key
FROM (
    SELECT expires_at, key_kind = :kind AND key_id = :key_id AS is_own
    FROM access_tokens
    WHERE project_id = :project_id AND expires_at > statement_timestamp()
) AS live

-- name: add_token
INSERT INTO access_tokens (project_id, token_hash, id, key_kind, key_id, scopes, scope, created_at, expires_at)
SELECT
    project_id, :token_hash, :id, kind, key_id, :scopes, :scope, statement_timestamp(),
    least(statement_timestamp() + :lifetime::interval, expires_at)
FROM api_keys
WHERE project_id = :project_id AND kind = :kind AND key_id = :key_id
    AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > statement_timestamp())
RETURNING
    id, key_id, scope, floor(extract(epoch FROM expires_at))::bigint AS expires_at,
    floor(extract(epoch FROM expires_at - statement_timestamp()))::bigint AS expires_in

-- name: find_own_token
SELECT
    tokens.id, tokens.key_id, scope,
    floor(extract(epoch FROM least(tokens.expires_at, api_keys.expires_at)))::bigint AS expires_at,
    floor(extract(epoch FROM least(tokens.expires_at, api_keys.expires_at) - statement_timestamp()))::bigint AS expires_in
FROM access_tokens AS tokens
JOIN api_keys
    ON api_keys.project_id = tokens.project_id AND api_keys.kind = tokens.key_kind AND api_keys.key_id = tokens.key_id
WHERE tokens.project_id = :project_id AND tokens.token_hash = :token_hash
    AND tokens.key_kind = :kind AND tokens.key_id = :key_id
    AND tokens.expires_at > statement_timestamp()
    AND revoked_at IS NULL AND (api_keys.expires_at IS NULL OR api_keys.expires_at > statement_timestamp())

-- name: delete_own_token
DELETE FROM access_tokens
WHERE project_id = :project_id AND token_hash = :token_hash AND key_kind = :kind AND key_id = :key_id
    AND expires_at > statement_timestamp()
RETURNING id
