-- name: chains_to_shorten
-- Those whose oldest entry is older than what is kept.
SELECT chains.project_id
FROM audit_chains AS chains
JOIN audit_log ON audit_log.project_id = chains.project_id AND audit_log.number = chains.removed_number + 1
WHERE audit_log.created_at < statement_timestamp() - :age::interval

-- name: lock_chain
SELECT removed_number FROM audit_chains WHERE project_id = :project_id FOR UPDATE SKIP LOCKED

-- name: last_to_remove
-- Behind this come entries that are kept: none is left out, so that no gap comes about. Some are older than one before them.
SELECT number, hash
FROM (
    SELECT number, hash, bool_and(created_at < statement_timestamp() - :age::interval) OVER (ORDER BY number) AS is_old
    FROM (
        SELECT number, hash, created_at
        FROM audit_log
        WHERE project_id = :project_id AND number > :removed_number
        ORDER BY number
        LIMIT :step
    ) AS oldest
) AS judged
WHERE is_old
ORDER BY number DESC
LIMIT 1

-- name: allow_removing!
GRANT DELETE ON audit_log TO CURRENT_USER

-- name: forbid_removing!
REVOKE DELETE ON audit_log FROM CURRENT_USER

-- name: remove_entries!
DELETE FROM audit_log WHERE project_id = :project_id AND number <= :number

-- name: note_removed!
UPDATE audit_chains SET removed_number = :number, removed_hash = :hash WHERE project_id = :project_id

-- name: serialize
-- Two at a time would change the table's rights at once, which PostgreSQL refuses.
SELECT pg_try_advisory_xact_lock(500237100925) AS locked
