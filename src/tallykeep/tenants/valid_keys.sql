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
