-- name: portions_with_failures
-- In an action that has ended, every row of a portion that is still open is unprocessed unless it failed.
SELECT
    portions.first_row,
    portions.row_count,
    portions.body,
    portions.lines,
    portions.broken,
    CASE portions.status WHEN 'OPEN' THEN portions.row_count ELSE portions.unprocessed_count END AS unprocessed_count,
    coalesce(failed.failures, '[]'::json) AS failures
FROM portions
LEFT JOIN LATERAL (
    SELECT json_agg(json_build_array("row", reason) ORDER BY "row") AS failures
    FROM failures
    WHERE failures.project_id = portions.project_id
        AND failures.action_id = portions.action_id
        AND failures."row" >= portions.first_row
        AND failures."row" < portions.first_row + portions.row_count
) AS failed ON true
WHERE portions.project_id = :project_id
    AND portions.action_id = :action_id
    AND portions.first_row > :after
    AND (
        failed.failures IS NOT NULL
        OR :unprocessed AND (portions.status = 'OPEN' OR portions.unprocessed_count > 0)
    )
ORDER BY portions.first_row
LIMIT :limit

-- name: are_rows_kept
SELECT failures_kept FROM async_actions WHERE project_id = :project_id AND id = :action_id
