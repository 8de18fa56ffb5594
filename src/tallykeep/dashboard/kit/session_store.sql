-- name: add_session
INSERT INTO sessions (project_id, id, sealed, created_at, expires_at)
SELECT project_id, :id, :sealed, statement_timestamp(), statement_timestamp() + :lifetime::interval
FROM api_keys
WHERE kind = 'app' AND key_id = :key_id
RETURNING project_id

-- name: get_session
SELECT sealed FROM sessions WHERE project_id = :project_id AND id = :id AND expires_at > statement_timestamp()

-- name: end_session!
DELETE FROM sessions WHERE project_id = :project_id AND id = :id

-- name: delete_expired!
WITH picked AS MATERIALIZED (
    SELECT project_id, id FROM sessions
    WHERE expires_at <= statement_timestamp()
    ORDER BY expires_at LIMIT :step FOR UPDATE SKIP LOCKED
)
DELETE FROM sessions
WHERE (project_id, id) IN (SELECT project_id, id FROM picked)
