-- name: count_reasons!
-- Batches are closed in their order, so rows that come later are behind those that were first.
WITH batch AS (
    SELECT decode(digest, 'hex') AS digest, reason, sole_reason, count, first_rows, first_lines
    FROM jsonb_to_recordset(:groups::jsonb) AS groups (
        digest text, reason text, sole_reason text, count bigint, first_rows bigint[], first_lines bigint[]
    )
), kept AS (
    SELECT digest, count FROM reason_counts WHERE project_id = :project_id AND action_id = :action_id
)
INSERT INTO reason_counts AS counted (
    project_id, action_id, digest, reason, sole_reason, count, first_rows, first_lines
)
SELECT :project_id, :action_id, digest, reason, sole_reason, count, first_rows, first_lines
FROM batch
WHERE (SELECT coalesce(sum(count), 0) FROM kept) = :failed_before
    AND (SELECT count(*) FROM (SELECT digest FROM kept UNION SELECT digest FROM batch) AS groups) <= :max_groups
ON CONFLICT (project_id, action_id, digest) DO UPDATE SET
    count = counted.count + excluded.count,
    sole_reason = CASE WHEN counted.sole_reason = excluded.sole_reason THEN counted.sole_reason END,
    first_rows = (counted.first_rows || excluded.first_rows)[1 : 5],
    first_lines = (counted.first_lines || excluded.first_lines)[1 : 5]
