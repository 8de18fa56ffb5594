-- name: get_action
-- Tally and failures in one statement, so that they are of one point in time.
SELECT
    project_id, id, type, status, operation_status, request_id, created_at, updated_at, started_at, finished_at,
    total_count, done_count, failed_count, unprocessed_count, created_count, dry_run, on_error, ended_by, reason,
    retry_count, retry_reason, log_id,
    parent_id, requested_by, file_name, body_size, failures_kept, report_kept,
    statement_timestamp() - finished_at AS ended_ago,
    source ->> 'charset' AS charset,
    CASE WHEN source ->> 'format' = 'csv' AND source ->> 'sheet' IS NULL THEN source ->> 'delimiter' END AS delimiter,
    source ->> 'sheet' AS sheet,
    (source ->> 'header_row')::bigint AS header_row,
    CASE WHEN failed_count = 0 OR NOT failures_kept THEN '[]'::json ELSE (
        SELECT coalesce(json_agg(json_build_array("row", key, reason, error_key) ORDER BY "row"), '[]')
        FROM (
            SELECT "row", key, reason, error_key
            FROM failures
            WHERE failures.project_id = async_actions.project_id AND failures.action_id = async_actions.id
            ORDER BY "row"
            LIMIT :failures
        ) AS first_failures
    ) END AS failures
FROM async_actions
WHERE project_id = :project_id AND id = :id

-- name: require_action
SELECT FROM async_actions WHERE project_id = :project_id AND id = :action_id

-- name: get_kin
-- For each action: how many rows its retries (and their retries) have done, and the file name of its first parent.
-- A row that several of them have done counts once where they are files of failed rows, which have its line.
WITH RECURSIVE later AS (
    SELECT
        parent_id AS of_id, id, CASE WHEN dry_run THEN 0 ELSE done_count END AS done_count, total_count,
        source -> 'file_header' @> '["row", "line", "reason"]' AS tells_lines
    FROM async_actions
    WHERE project_id = :project_id AND parent_id = ANY (:ids)
    UNION ALL
    SELECT
        later.of_id, child.id, CASE WHEN child.dry_run THEN 0 ELSE child.done_count END, child.total_count,
        child.source -> 'file_header' @> '["row", "line", "reason"]'
    FROM later
    JOIN async_actions AS child ON child.project_id = :project_id AND child.parent_id = later.id
), earlier AS (
    SELECT id AS of_id, parent_id, NULL::text AS file_name, 0 AS distance
    FROM async_actions
    WHERE project_id = :project_id AND id = ANY (:ids) AND parent_id IS NOT NULL
    UNION ALL
    SELECT earlier.of_id, parent.parent_id, parent.file_name, earlier.distance + 1
    FROM earlier
    JOIN async_actions AS parent ON parent.project_id = :project_id AND parent.id = earlier.parent_id
)
SELECT
    requested.id,
    (
        (SELECT coalesce(sum(later.done_count), 0) FROM later WHERE later.of_id = requested.id)
        - CASE WHEN (
            SELECT count(*) > 1 AND sum(later.total_count) <= :max_compared
            FROM later
            WHERE later.of_id = requested.id AND later.tells_lines AND later.done_count > 0
        ) THEN (
            SELECT count(*) - count(DISTINCT batches.lines[pair + 1] + "row" - batches.lines[pair])
            FROM later
            JOIN batches ON batches.project_id = :project_id AND batches.action_id = later.id
            CROSS JOIN LATERAL generate_series(1, cardinality(batches.lines), 2) AS pair
            CROSS JOIN LATERAL generate_series(
                batches.lines[pair], coalesce(batches.lines[pair + 2], batches.first_row + batches.row_count) - 1
            ) AS "row"
            WHERE later.of_id = requested.id AND later.tells_lines AND later.done_count > 0
                AND batches.status = 'CLOSED' AND batches.unprocessed_count = 0
                AND NOT EXISTS (
                    SELECT FROM failures
                    WHERE failures.project_id = :project_id AND failures.action_id = later.id
                        AND failures."row" = "row"."row"
                )
        ) ELSE 0 END
    )::bigint AS done_later,
    (
        SELECT earlier.file_name
        FROM earlier
        WHERE earlier.of_id = requested.id AND earlier.file_name IS NOT NULL
        ORDER BY earlier.distance DESC
        LIMIT 1
    ) AS first_file_name
FROM unnest(:ids::text[]) AS requested (id)
