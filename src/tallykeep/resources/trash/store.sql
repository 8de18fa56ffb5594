-- name: add_entry!
INSERT INTO bin_entries (
    project_id, id, resource_id, resource_type, resource_name, resource_parent_id, deleted_by, content, created_at
)
VALUES (
    :project_id, :id, :resource_id, :resource_type, :resource_name, :resource_parent_id, :deleted_by, :content,
    date_trunc('milliseconds', statement_timestamp())
)

-- name: every_entry!
SELECT * FROM bin_entries WHERE project_id = :project_id

-- name: older_entries!
SELECT * FROM bin_entries WHERE project_id = :project_id AND (:after::text IS NULL OR id < :after)

-- name: newer_entries!
SELECT * FROM bin_entries WHERE project_id = :project_id AND (:after::text IS NULL OR id > :after)

-- name: delete_entry
DELETE FROM bin_entries WHERE project_id = :project_id AND id = :id RETURNING id
