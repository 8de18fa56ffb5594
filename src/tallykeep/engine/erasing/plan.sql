-- name: plan!
-- Steps through all that is stored of actions, in the order of their ids: first the resources (part 0), then batches,
-- reports and the actions themselves (parts 1 to 3), last the end (part 4). A step has a limited number of things, and of
-- bytes. Behind the last known thing of each part a step has no end, for what comes until it is taken.
WITH stored AS (
    SELECT 1 AS part, action_id, first_row, coalesce(uncompressed_size, octet_length(body)) AS bytes
    FROM batches
    WHERE project_id = :project_id
    UNION ALL
    SELECT 2, action_id, first_row, octet_length(body)
    FROM report_parts
    WHERE project_id = :project_id
    UNION ALL
    SELECT 3, id, 0, 0
    FROM async_actions
    WHERE project_id = :project_id
),
numbered AS (
    SELECT
        part, action_id, first_row,
        row_number() OVER in_order AS number,
        sum(bytes) OVER (in_order ROWS UNBOUNDED PRECEDING) - bytes AS bytes_before
    FROM stored
    WINDOW in_order AS (PARTITION BY part ORDER BY action_id, first_row)
),
piece AS (
    SELECT
        part, action_id, first_row, number,
        ARRAY[(number - 1) / greatest(:rows / 10, 1), floor(bytes_before / :step_bytes)::bigint] AS piece
    FROM numbered
),
bounded AS (
    SELECT
        part, action_id, first_row, number,
        piece IS DISTINCT FROM lead(piece) OVER (PARTITION BY part ORDER BY number) AS is_last
    FROM piece
),
steps AS (
    SELECT
        part, number,
        number - coalesce(lag(number) OVER in_order, 0) AS size,
        lag(action_id) OVER in_order AS behind_action, lag(first_row) OVER in_order AS behind_row,
        action_id AS last_action, first_row AS last_row
    FROM bounded
    WHERE is_last
    WINDOW in_order AS (PARTITION BY part ORDER BY number)
    UNION ALL
    SELECT each.part, NULL, 1, last.action_id, last.first_row, NULL, NULL
    FROM generate_series(0, 4) AS each (part)
    LEFT JOIN LATERAL (
        SELECT action_id, first_row
        FROM bounded
        WHERE bounded.part = each.part
        ORDER BY number DESC
        LIMIT 1
    ) AS last ON true
)
SELECT
    (sum(size) OVER (ORDER BY part, number NULLS LAST) - size + 1)::bigint AS first_row,
    size AS row_count,
    json_build_object(
        'part', part, 'behind_action', behind_action, 'behind_row', behind_row,
        'last_action', last_action, 'last_row', last_row
    )::text AS body
FROM steps
