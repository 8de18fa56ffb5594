-- name: add_session
INSERT INTO sessions (project_id, id, sealed, created_at, expires_at)
SELECT project_id, :id, :sealed, :now, :expires_at
FROM api_keys
WHERE kind = 'app' AND key_id = :key_id
RETURNING project_id

-- name: get_session
SELECT sealed FROM sessions WHERE project_id = :project_id AND id = :id AND expires_at > :now

-- name: end_session!
DELETE FROM sessions WHERE project_id = :project_id AND id = :id

-- name: delete_expired!
DELETE FROM sessions
WHERE (project_id, id) IN (
    SELECT project_id, id FROM sessions WHERE expires_at <= :now ORDER BY expires_at LIMIT :batch FOR UPDATE SKIP LOCKED
)
