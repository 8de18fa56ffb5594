-- name: is_key_valid
SELECT EXISTS (
    SELECT
    FROM api_keys
    WHERE project_id = :project_id
        AND kind = :kind
        AND key_id = :key_id
        AND revoked_at IS NULL
        AND (expires_at IS NULL OR expires_at > statement_timestamp())
) AS is_valid
