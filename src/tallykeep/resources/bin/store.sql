-- name: add_entry!
INSERT INTO bin_entries (
    project_id, id, resource_id, resource_type, resource_name, resource_parent_id, deleted_by, content, created_at
)
VALUES (
    :project_id, :id, :resource_id, :resource_type, :resource_name, :resource_parent_id, :deleted_by, :content, :now
)

-- name: list_newest_first
SELECT * FROM bin_entries
WHERE project_id = :project_id AND (:after::text IS NULL OR id < :after)
ORDER BY id DESC
LIMIT :limit

-- name: list_oldest_first
SELECT * FROM bin_entries
WHERE project_id = :project_id AND (:after::text IS NULL OR id > :after)
ORDER BY id
LIMIT :limit

-- name: count_entries
SELECT count(*) AS total FROM bin_entries WHERE project_id = :project_id

-- name: delete_entry
DELETE FROM bin_entries WHERE project_id = :project_id AND id = :id RETURNING id
