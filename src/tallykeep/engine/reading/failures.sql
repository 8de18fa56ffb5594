-- name: first_failures
SELECT "row", line, key, reason
FROM failures
WHERE project_id = :project_id AND action_id = :action_id AND "row" > :after_row
ORDER BY "row"
LIMIT :limit

-- name: first_failures_with_reason
SELECT "row", line, key, reason FROM ({rows_with_reason}) AS rows_with_reason ORDER BY "row" LIMIT :limit

-- name: rows_with_reason!
-- By the two indexes, in the order of rows: what tells the action and the reason from others with the same number is
-- within CASE, which makes no plan take it for rare, or go by the action's own index through all of its rows. Of a reason
-- that names values each part may have some rows, of others the first has all.
(
    SELECT "row", line, key, reason
    FROM failures
    WHERE project_id = :project_id
        AND reason_group = :reason_group
        AND CASE WHEN action_id = :action_id AND {bare_reason} = :reason THEN true ELSE false END
        AND "row" > :after_row
    ORDER BY "row"
    LIMIT :limit
)
UNION
(
    SELECT "row", line, key, reason
    FROM failures
    WHERE project_id = :project_id
        AND hashtextextended(reason, hashtextextended(action_id, 0))
        = hashtextextended(:reason, hashtextextended(:action_id, 0))
        AND reason_group IS NOT NULL
        AND CASE WHEN action_id = :action_id AND reason = :reason THEN true ELSE false END
        AND "row" > :after_row
    ORDER BY "row"
    LIMIT :limit
)

-- name: rows_read_for_reason!
-- All of the action's, one after the other.
SELECT "row", line, key, reason
FROM failures
WHERE project_id = :project_id
    AND action_id = :action_id
    AND "row" > :after_row
    AND (:reason::text IS NULL OR reason = :reason OR {bare_reason} = :reason)

-- name: failures_by_reason
-- The value that was sent tells groups apart no more than the row does; it is shown where all of a group have the same.
SELECT
    {bare_reason} AS reason,
    CASE WHEN min(reason) = max(reason) THEN min(reason) END AS sole_reason,
    count(*) AS count,
    (array_agg("row" ORDER BY "row"))[1 : 5] AS first_rows,
    (array_agg(line ORDER BY "row"))[1 : 5] AS first_lines
FROM ({rows}) AS failures
GROUP BY {bare_reason}
ORDER BY count DESC, min("row")
LIMIT :groups

-- name: bare_reason!
regexp_replace(reason, ' \(actual value is ''.*?''\)', '', 'g')

-- name: has_groups
-- Rows fail in their order: where the first has its group, all have.
SELECT reason_group IS NOT NULL AS has_groups
FROM failures
WHERE project_id = :project_id AND action_id = :action_id
ORDER BY "row"
LIMIT 1

-- name: are_failures_kept
SELECT failures_kept FROM async_actions WHERE project_id = :project_id AND id = :action_id

-- name: kept_counts
-- Complete where they add up to the action's tally, which is of the same point in time.
WITH kept AS (
    SELECT digest, reason, sole_reason, count, first_rows, first_lines
    FROM reason_counts
    WHERE project_id = :project_id AND action_id = :action_id
), shown AS (
    SELECT coalesce(sole_reason, reason) AS reason, count, first_rows, first_lines
    FROM kept
    WHERE reason IS NOT NULL AND (:digest::bytea IS NULL OR digest = :digest)
    ORDER BY count DESC, first_rows[1]
    LIMIT :limit
)
SELECT
    failures_kept,
    status IN ('DONE', 'FAILED') AS has_ended,
    failed_count = (SELECT coalesce(sum(count), 0) FROM kept) AS are_complete,
    EXISTS (SELECT FROM kept WHERE reason IS NULL) AS are_first_only,
    (
        SELECT coalesce(json_agg(shown ORDER BY count DESC, first_rows[1]), '[]') FROM shown
    ) AS reasons
FROM async_actions
WHERE project_id = :project_id AND id = :action_id

-- name: lock_ended_action
-- Against those who mark its failures as not kept, and others who keep its counts.
SELECT failed_count
FROM async_actions
WHERE project_id = :project_id AND id = :action_id AND status IN ('DONE', 'FAILED') AND failures_kept
FOR NO KEY UPDATE

-- name: forget_counts!
DELETE FROM reason_counts WHERE project_id = :project_id AND action_id = :action_id

-- name: keep_counts!
-- What the groups do not count is one row more.
WITH groups AS (
    SELECT decode(digest, 'hex') AS digest, reason, sole_reason, count, first_rows, first_lines
    FROM jsonb_to_recordset(:groups::jsonb) AS groups (
        digest text, reason text, sole_reason text, count bigint, first_rows bigint[], first_lines bigint[]
    )
), others AS (
    SELECT :failed_count - coalesce(sum(count), 0) AS count FROM groups
)
INSERT INTO reason_counts (project_id, action_id, digest, reason, sole_reason, count, first_rows, first_lines)
SELECT :project_id, :action_id, digest, reason, sole_reason, count, first_rows, first_lines FROM groups
UNION ALL
SELECT :project_id, :action_id, decode(repeat('00', 32), 'hex'), NULL, NULL, count, '{}', '{}' FROM others WHERE count > 0
