-- name: any_pending
SELECT EXISTS (SELECT FROM audit_pending) AS pending

-- name: begin_chains!
INSERT INTO audit_chains (project_id)
SELECT DISTINCT project_id FROM audit_pending
ON CONFLICT DO NOTHING

-- name: lock_chains
-- Whoever has a chain's row is the only one who adds to it; others leave it out. Number 0 is no project.
SELECT
    chains.project_id, chains.number, chains.hash,
    CASE WHEN chains.project_id = 0 THEN '' ELSE coalesce(projects.id, '') END AS project
FROM audit_chains AS chains
LEFT JOIN projects ON projects.project_id = chains.project_id
WHERE chains.project_id > :after AND chains.project_id IN (SELECT DISTINCT project_id FROM audit_pending)
ORDER BY chains.project_id
LIMIT :projects
FOR UPDATE OF chains SKIP LOCKED

-- name: pending_entries
-- A statement of its own, behind the one that has locked: it sees what those before have left.
SELECT
    project_id, id, created_at, event, outcome, door, key_id, key_kind, token_id, session_id, address, request_id,
    action_id, resource_type, resource_id, details
FROM audit_pending
WHERE project_id = ANY (:project_ids)
ORDER BY project_id, created_at, event = 'action.end', id  -- an action without rows ends as it begins
LIMIT :step

-- name: chain_entries!
WITH chained AS (
    SELECT *
    FROM unnest(:project_ids::bigint[], :ids::text[], :numbers::bigint[], :hashes::bytea[])
        AS chained (project_id, id, number, hash)
), taken AS (
    DELETE FROM audit_pending
    USING chained
    WHERE audit_pending.project_id = chained.project_id AND audit_pending.id = chained.id
    RETURNING audit_pending.*, chained.number, chained.hash
)
INSERT INTO audit_log (
    project_id, number, hash, id, created_at, event, outcome, door, key_id, key_kind, token_id, session_id, address,
    request_id, action_id, resource_type, resource_id, details
)
SELECT
    project_id, number, hash, id, created_at, event, outcome, door, key_id, key_kind, token_id, session_id, address,
    request_id, action_id, resource_type, resource_id, details
FROM taken

-- name: advance_chains!
UPDATE audit_chains
SET number = advanced.number, hash = advanced.hash
FROM unnest(:project_ids::bigint[], :numbers::bigint[], :hashes::bytea[]) AS advanced (project_id, number, hash)
WHERE audit_chains.project_id = advanced.project_id

-- name: next_pending
SELECT min(project_id) AS project_id FROM audit_pending WHERE project_id > :after

-- name: drop_chained!
DELETE FROM audit_pending
USING audit_log
WHERE audit_log.project_id = audit_pending.project_id AND audit_log.id = audit_pending.id
