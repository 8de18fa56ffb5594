-- name: find_project
SELECT
    project_id, id, deletion_id IS NOT NULL AS is_closed, deleted_at IS NOT NULL AS is_deleted,
    max_rows_per_day, max_stored_rows, max_open_actions
FROM projects
WHERE id = :id

-- name: list_projects
SELECT
    id, name, description, timezone, currency, dial_code, client_settings, max_rows_per_day, max_stored_rows,
    max_open_actions, created_at, deletion_id, deletion_started_at
FROM projects
WHERE deleted_at IS NULL AND (:project_id::bigint IS NULL OR project_id = :project_id)
ORDER BY project_id

-- name: get_project
SELECT
    id, name, description, timezone, currency, dial_code, client_settings, max_rows_per_day, max_stored_rows,
    max_open_actions, created_at, deletion_id, deletion_started_at
FROM projects
WHERE project_id = :project_id AND deleted_at IS NULL

-- name: lock_project
SELECT
    id, name, description, timezone, currency, dial_code, client_settings, max_rows_per_day, max_stored_rows,
    max_open_actions, created_at, deletion_id, deletion_started_at
FROM projects
WHERE project_id = :project_id AND deleted_at IS NULL
FOR NO KEY UPDATE

-- name: lock_number
-- So that two that are created at once are counted one after the other.
SELECT pg_advisory_xact_lock(500237100927)

-- name: lock_own_key
SELECT role, scopes, expires_at, addresses
FROM api_keys
WHERE project_id = :project_id AND kind = :kind AND key_id = :key_id AND revoked_at IS NULL
    AND (expires_at IS NULL OR expires_at > statement_timestamp())
FOR SHARE

-- name: add_project
WITH added AS (
    INSERT INTO projects (
        id, name, description, timezone, currency, dial_code, client_settings, max_rows_per_day, max_stored_rows,
        max_open_actions, created_at
    )
    SELECT
        :id, :name, :description, :timezone, :currency, :dial_code, :client_settings, :max_rows_per_day::bigint,
        :max_stored_rows::bigint, :max_open_actions::bigint,
        date_trunc('milliseconds', statement_timestamp())
    WHERE (SELECT count(*) FROM projects WHERE deleted_at IS NULL) < :max_projects
    RETURNING
        project_id, id, name, description, timezone, currency, dial_code, client_settings, max_rows_per_day,
        max_stored_rows, max_open_actions, created_at, deletion_id, deletion_started_at
),
added_keys AS (
    INSERT INTO api_keys (key_id, kind, project_id, token_hash, name, role, scopes, expires_at, addresses, created_at)
    SELECT
        keys.key_id, keys.kind, added.project_id, keys.token_hash, keys.kind || ' key', 'admin',
        :scopes::text[], :expires_at::timestamptz, :addresses::text[], added.created_at
    FROM added, unnest(:kinds::text[], :key_ids::text[], :token_hashes::bytea[]) AS keys (kind, key_id, token_hash)
)
SELECT * FROM added

-- name: update_project
UPDATE projects
SET
    name = :name, description = :description, timezone = :timezone, currency = :currency, dial_code = :dial_code,
    client_settings = :client_settings, max_rows_per_day = :max_rows_per_day, max_stored_rows = :max_stored_rows,
    max_open_actions = :max_open_actions
WHERE project_id = :project_id AND deleted_at IS NULL
RETURNING
    id, name, description, timezone, currency, dial_code, client_settings, max_rows_per_day, max_stored_rows,
    max_open_actions, created_at, deletion_id, deletion_started_at
