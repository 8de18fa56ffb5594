-- name: close_project!
-- Each acceptance counts up what the closed one may not have, and holds this row until its commit.
INSERT INTO schedules (project_id, next_slot, closed)
VALUES (:target, 1, true)
ON CONFLICT (project_id) DO UPDATE SET closed = true, accepted = 0

-- name: find_running
SELECT FROM async_actions
WHERE project_id = :project_id AND id = :action_id AND status IN ('ENQUEUED', 'IN_PROGRESS')

-- name: get_done_count
SELECT done_count FROM async_actions WHERE project_id = :project_id AND id = :action_id

-- name: count_rows!
-- {name} and {table} are filled in.
SELECT {name} AS name, count(*) AS total FROM {table} WHERE project_id = :target

-- The ranges of one table: {table}, its {name} and {order}, its {keys}, and the {bounds} made of them are filled in; of
-- large rows there are {fewer} in a batch. Of each range there is the last row, with its number.

-- name: ranges_of_table!
(
    SELECT
        {order} AS table_order,
        number - mod(number - 1, size) AS first_number,
        mod(number - 1, size) + 1 AS row_count,
        {name}::text AS table_name,
        json_build_object({bounds})::jsonb AS last_key
    FROM (
        SELECT {keys}, row_number() OVER in_order AS number, lead(true) OVER in_order IS NULL AS is_last
        FROM {table}
        WHERE project_id = :target
        WINDOW in_order AS (ORDER BY {keys})
    ) AS numbered
    CROSS JOIN (SELECT greatest(:rows / {fewer}, 1)::bigint AS size) AS chosen
    WHERE mod(number, size) = 0 OR is_last
)

-- name: numbered_ranges!
-- Each begins behind the last key of the one before; the first and the last have no end. Behind all of them comes the
-- project with its keys, and in front of them the end of its actions, by which no row is deleted yet.
SELECT
    coalesce(sum(row_count) OVER (ORDER BY table_order, first_number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
        ::bigint + 1 AS first_row,
    row_count,
    json_build_object(
        'step', CASE table_order WHEN -1 THEN 'cancel' WHEN 1000 THEN 'finish' ELSE 'delete' END,
        'table', table_name,
        'behind', lag(last_key) OVER of_table,
        'up_to', CASE WHEN lead(last_key) OVER of_table IS NOT NULL THEN last_key END
    )::text AS body
FROM (
    {ranges}
    UNION ALL
    SELECT
        -1, 1,
        greatest(1, (
            SELECT count(*) FROM async_actions WHERE project_id = :target AND status IN ('ENQUEUED', 'IN_PROGRESS')
        )),
        NULL, NULL::jsonb
    UNION ALL
    SELECT 1000, 1, 1 + (SELECT count(*) FROM api_keys WHERE project_id = :target), NULL, NULL::jsonb
) AS parts
WINDOW of_table AS (PARTITION BY table_order ORDER BY first_number)

-- name: delete_rows!
DELETE FROM {table} WHERE project_id = :target

-- name: behind!
AND ({keys}) > ({values})

-- name: up_to!
AND ({keys}) <= ({values})

-- name: value_of_bound!
(SELECT (jsonb_populate_record(NULL::{table}, {bound}::jsonb)).{key})
