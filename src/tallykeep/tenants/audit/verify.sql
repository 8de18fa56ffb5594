-- name: chains
-- Of every project, and of whatever else has a chain or entries: where somebody has removed its chain, it ends at 0.
-- The installation's own is that of number 0, and of no other: others without a project were moved there.
SELECT
    known.project_id, CASE WHEN known.project_id = 0 THEN '' ELSE coalesce(projects.id, '') END AS project,
    known.project_id = 0 OR coalesce(projects.id, '') <> '' AS has_owner,
    coalesce(chains.number, 0) AS number, coalesce(chains.hash, :no_hash) AS hash,
    coalesce(chains.removed_number, 0) AS removed_number, coalesce(chains.removed_hash, :no_hash) AS removed_hash,
    (SELECT count(*) FROM audit_pending WHERE audit_pending.project_id = known.project_id) AS pending
FROM (
    SELECT project_id FROM projects
    UNION
    SELECT project_id FROM audit_chains
    UNION
    SELECT project_id FROM audit_pending
    UNION
    SELECT project_id FROM audit_log
    UNION
    SELECT 0 WHERE :project::text = :no_project::text
) AS known
LEFT JOIN audit_chains AS chains ON chains.project_id = known.project_id
LEFT JOIN projects ON projects.project_id = known.project_id
WHERE :project::text IS NULL
    OR CASE WHEN :project::text = :no_project::text THEN known.project_id = 0 ELSE projects.id = :project AND known.project_id <> 0 END
ORDER BY known.project_id

-- name: project_known
SELECT WHERE :project::text = :no_project::text OR EXISTS (SELECT FROM projects WHERE id = :project)

-- name: all_entries
SELECT
    number, hash, id, created_at, event, outcome, door, key_id, key_kind, token_id, session_id, address, request_id,
    action_id, resource_type, resource_id, details, format
FROM audit_log
WHERE project_id = :project_id
ORDER BY number
