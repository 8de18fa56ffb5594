-- name: add_entry!
INSERT INTO bin_entries (
    project_id, id, resource_id, resource_type, resource_name, resource_parent_id, deleted_by, content, created_at
)
VALUES (
    :project_id, :id, :resource_id, :resource_type, :resource_name, :resource_parent_id, :deleted_by, :content,
    date_trunc('milliseconds', statement_timestamp())
)

-- name: add_deleted!
-- {deletion} is filled in, and which columns of what it deletes are the entry's {name} and {parent}.
WITH gone AS ({deletion} RETURNING *)

INSERT INTO bin_entries (
    project_id, id, resource_id, resource_type, resource_name, resource_parent_id, deleted_by, content, created_at
)
SELECT project_id, 'tbe_' || substr(id, 3), id, {resource_type}, {name}, {parent}, :deleted_by, to_jsonb(gone), :timestamp
FROM gone

-- name: every_entry!
SELECT * FROM bin_entries WHERE project_id = :project_id

-- name: older_entries!
SELECT * FROM bin_entries WHERE project_id = :project_id AND (:after::text IS NULL OR id < :after)

-- name: newer_entries!
SELECT * FROM bin_entries WHERE project_id = :project_id AND (:after::text IS NULL OR id > :after)

-- name: delete_entry
DELETE FROM bin_entries WHERE project_id = :project_id AND id = :id RETURNING id
