-- name: batches_with_failures
-- In an action that has ended, every row of a batch that is still open is unprocessed unless it failed.
SELECT
    batches.first_row,
    batches.row_count,
    batches.body,
    batches.uncompressed_size,
    batches.lines,
    batches.broken,
    CASE batches.status WHEN 'OPEN' THEN batches.row_count ELSE batches.unprocessed_count END AS unprocessed_count,
    coalesce(failed.failures, '[]'::json) AS failures
FROM batches
LEFT JOIN LATERAL (
    SELECT json_agg(json_build_array("row", reason) ORDER BY "row") AS failures
    FROM failures
    WHERE failures.project_id = batches.project_id
        AND failures.action_id = batches.action_id
        AND failures."row" >= batches.first_row
        AND failures."row" < batches.first_row + batches.row_count
) AS failed ON true
WHERE batches.project_id = :project_id
    AND batches.action_id = :action_id
    AND batches.first_row > :after
    AND (
        failed.failures IS NOT NULL
        OR :unprocessed AND (batches.status = 'OPEN' OR batches.unprocessed_count > 0)
    )
ORDER BY batches.first_row
LIMIT :limit

-- name: are_rows_kept
SELECT failures_kept FROM async_actions WHERE project_id = :project_id AND id = :action_id
