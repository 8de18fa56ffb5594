-- name: list_batches
-- In an action that has ended, what is still open will stay so: its rows are unprocessed.
SELECT
    batches.first_row,
    batches.row_count,
    coalesce(batches.uncompressed_size, octet_length(batches.body)) AS size,
    batches.status,
    batches.done_count,
    batches.failed_count,
    CASE WHEN batches.status = 'OPEN' AND actions.finished_at IS NOT NULL THEN batches.row_count
        ELSE batches.unprocessed_count END AS unprocessed_count,
    batches.closed_at,
    coalesce(attempts.attempts, 0) AS attempts
FROM batches
JOIN async_actions AS actions ON actions.project_id = batches.project_id AND actions.id = batches.action_id
LEFT JOIN attempts
    ON attempts.project_id = batches.project_id
    AND attempts.action_id = batches.action_id
    AND attempts.first_row = batches.first_row
WHERE batches.project_id = :project_id AND batches.action_id = :action_id AND batches.first_row > :after_row
ORDER BY batches.first_row
LIMIT :limit

-- name: are_batches_kept
SELECT failures_kept FROM async_actions WHERE project_id = :project_id AND id = :action_id

-- name: rows_by_minute
-- By way of the actions that run or ended lately: an index on closed_at would slow the closing of every batch.
-- A dry run does nothing, however many of its rows would be done.
WITH recent AS (
    SELECT id FROM async_actions
    WHERE project_id = :project_id AND status IN ('ENQUEUED', 'IN_PROGRESS') AND NOT dry_run
    UNION ALL
    SELECT id FROM async_actions WHERE project_id = :project_id AND finished_at >= :since AND NOT dry_run
)
SELECT
    date_trunc('minute', batches.closed_at) AS minute,
    sum(batches.done_count)::bigint AS done_count,
    sum(batches.failed_count)::bigint AS failed_count
FROM recent
JOIN batches ON batches.project_id = :project_id AND batches.action_id = recent.id
WHERE batches.closed_at >= :since
GROUP BY minute
