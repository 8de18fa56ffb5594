-- name: chains
SELECT
    chains.project_id, coalesce(projects.id, '') AS project, chains.number, chains.hash, chains.removed_number,
    chains.removed_hash,
    (SELECT count(*) FROM audit_pending WHERE audit_pending.project_id = chains.project_id) AS pending
FROM audit_chains AS chains
LEFT JOIN projects ON projects.project_id = chains.project_id
WHERE :project::text IS NULL OR projects.id = :project
ORDER BY chains.project_id

-- name: chainless
-- Projects that have entries in the log, but no chain: somebody has removed it.
SELECT DISTINCT audit_log.project_id, coalesce(projects.id, '') AS project
FROM audit_log
LEFT JOIN projects ON projects.project_id = audit_log.project_id
WHERE NOT EXISTS (SELECT FROM audit_chains AS chains WHERE chains.project_id = audit_log.project_id)
    AND (:project::text IS NULL OR projects.id = :project)

-- name: project_known
SELECT FROM projects WHERE id = :project

-- name: all_entries
SELECT
    number, hash, id, created_at, event, outcome, door, key_id, key_kind, token_id, session_id, address, request_id,
    action_id, resource_type, resource_id, details
FROM audit_log
WHERE project_id = :project_id
ORDER BY number
