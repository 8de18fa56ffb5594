-- name: list_portions
-- In an action that has ended, what is still open will stay so: its rows are unprocessed.
SELECT
    portions.first_row,
    portions.row_count,
    octet_length(portions.body) AS size,
    portions.status,
    portions.done_count,
    portions.failed_count,
    CASE WHEN portions.status = 'OPEN' AND actions.finished_at IS NOT NULL THEN portions.row_count
        ELSE portions.unprocessed_count END AS unprocessed_count,
    portions.closed_at,
    coalesce(attempts.attempts, 0) AS attempts
FROM portions
JOIN async_actions AS actions ON actions.project_id = portions.project_id AND actions.id = portions.action_id
LEFT JOIN attempts
    ON attempts.project_id = portions.project_id
    AND attempts.action_id = portions.action_id
    AND attempts.first_row = portions.first_row
WHERE portions.project_id = :project_id AND portions.action_id = :action_id AND portions.first_row > :after_row
ORDER BY portions.first_row
LIMIT :limit

-- name: are_portions_kept
SELECT failures_kept FROM async_actions WHERE project_id = :project_id AND id = :action_id

-- name: rows_by_minute
-- By way of the actions that run or ended lately: an index on closed_at would slow the closing of every portion.
-- A dry run does nothing, however many of its rows would be done.
WITH recent AS (
    SELECT id FROM async_actions
    WHERE project_id = :project_id AND status IN ('ENQUEUED', 'IN_PROGRESS') AND NOT dry_run
    UNION ALL
    SELECT id FROM async_actions WHERE project_id = :project_id AND finished_at >= :since AND NOT dry_run
)
SELECT
    date_trunc('minute', portions.closed_at) AS minute,
    sum(portions.done_count)::bigint AS done_count,
    sum(portions.failed_count)::bigint AS failed_count
FROM recent
JOIN portions ON portions.project_id = :project_id AND portions.action_id = recent.id
WHERE portions.closed_at >= :since
GROUP BY minute
