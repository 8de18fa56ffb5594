-- name: is_first
SELECT :project_id = min(project_id) AS is_first FROM projects

-- name: lock_deletion
-- Entries of changes hold the row until their commit, so this waits for them, and they wait for this.
SELECT name, deletion_id, deleted_at FROM projects WHERE project_id = :project_id FOR UPDATE

-- name: begin_deletion!
UPDATE projects
SET
    deletion_id = :action_id,
    deletion_key_id = :key_id,
    deletion_started_at = date_trunc('milliseconds', statement_timestamp()),
    deleted_rows = coalesce(deleted_rows, 0)
WHERE project_id = :project_id AND deleted_at IS NULL

-- name: count_deleted!
UPDATE projects SET deleted_rows = deleted_rows + :rows WHERE project_id = :project_id AND deletion_id IS NOT NULL

-- name: end_deletion
UPDATE projects
SET
    deleted_at = date_trunc('milliseconds', statement_timestamp()),
    deleted_rows = deleted_rows + :rows,
    description = '',
    client_settings = '{}'
WHERE project_id = :project_id AND deletion_id IS NOT NULL AND deleted_at IS NULL
RETURNING deleted_rows, deletion_key_id

-- name: get_deletion
-- The action goes as actions do; what is left then is what the project's row says, which counts what all actions deleted.
SELECT
    projects.id, projects.name, deletion_id, deletion_key_id, deletion_started_at, deleted_at,
    coalesce(actions.status, CASE WHEN deleted_at IS NULL THEN 'FAILED' ELSE 'DONE' END) AS status,
    deleted_rows AS done_count,
    deleted_rows + coalesce(actions.total_count - actions.done_count, 0) AS total_count,
    coalesce(actions.failed_count, 0) AS failed_count,
    coalesce(actions.reason, actions.retry_reason) AS reason,
    NOT EXISTS (
        SELECT FROM batches
        WHERE batches.project_id = :installation AND action_id = deletion_id AND batches.status = 'OPEN'
            AND first_row < :first_range
    ) AS is_counted
FROM projects
LEFT JOIN async_actions AS actions ON actions.project_id = :installation AND actions.id = projects.deletion_id
WHERE projects.project_id = :project_id AND deletion_id IS NOT NULL
