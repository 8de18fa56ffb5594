-- name: list_schemas
SELECT related_object, id, properties, allow_defined_only, created_at, updated_at
FROM metadata_schemas WHERE project_id = :project_id ORDER BY related_object

-- name: list_all
SELECT project_id, related_object, properties, allow_defined_only
FROM metadata_schemas WHERE project_id = ANY (:project_ids)

-- name: get_schema
SELECT related_object, id, properties, allow_defined_only, created_at, updated_at
FROM metadata_schemas WHERE project_id = :project_id AND related_object = :related_object

-- name: get_schema_by_id
SELECT related_object, id, properties, allow_defined_only, created_at, updated_at
FROM metadata_schemas WHERE project_id = :project_id AND id = :id

-- name: add_schema
INSERT INTO metadata_schemas (project_id, related_object, id, properties, allow_defined_only, created_at)
VALUES (:project_id, :related_object, :id, :properties, :allow_defined_only, :created_at)
ON CONFLICT DO NOTHING
RETURNING related_object, id, properties, allow_defined_only, created_at, updated_at

-- name: update_schema
UPDATE metadata_schemas
SET properties = :properties, allow_defined_only = :allow_defined_only, updated_at = :updated_at
WHERE project_id = :project_id AND id = :id
RETURNING related_object, id, properties, allow_defined_only, created_at, updated_at

-- name: delete_schema
DELETE FROM metadata_schemas WHERE project_id = :project_id AND id = :id RETURNING id
