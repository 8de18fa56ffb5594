-- name: any_project
SELECT EXISTS (SELECT FROM projects)

-- name: first_project
-- It is never deleted: its keys manage the others.
SELECT project_id, id FROM projects ORDER BY project_id LIMIT 1

-- name: add_project
INSERT INTO projects (id, name, created_at) VALUES (:id, :name, date_trunc('milliseconds', statement_timestamp())) RETURNING project_id

-- name: add_key!
INSERT INTO api_keys (key_id, kind, project_id, token_hash, name, role, created_at)
VALUES (:key_id, :kind, :project_id, :token_hash, :name, :role, date_trunc('milliseconds', statement_timestamp()))

-- name: lock_first_start
SELECT pg_advisory_xact_lock(500237100917)
