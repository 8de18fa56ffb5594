-- name: is_key_valid
SELECT EXISTS (
    SELECT
    FROM api_keys
    JOIN projects USING (project_id)
    WHERE project_id = :project_id
        AND deletion_id IS NULL
        AND kind = :kind
        AND key_id = :key_id
        AND revoked_at IS NULL
        AND (expires_at IS NULL OR expires_at > statement_timestamp())
) AS is_valid

-- name: find_key_behind_token
-- Expired tokens are kept for a while, so one that is not there, and was not found expired before, was revoked.
SELECT role, scopes, addresses, deletion_id IS NOT NULL AS is_closed
FROM api_keys
JOIN projects USING (project_id)
WHERE project_id = :project_id AND kind = :kind AND key_id = :key_id
    AND revoked_at IS NULL
    AND (expires_at IS NULL OR expires_at > statement_timestamp())
    AND (
        :again
        OR EXISTS (
            SELECT
            FROM access_tokens AS tokens
            WHERE tokens.project_id = :project_id AND token_hash = :token_hash
                AND tokens.expires_at <= statement_timestamp()
        )
    )
