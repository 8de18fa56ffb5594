-- name: first_batches!
-- The end of the project's actions, by which no row is deleted yet, and the first step of the planning.
SELECT 1::bigint AS first_row, 1::bigint AS row_count, '{{"step": "cancel"}}' AS body
UNION ALL
SELECT 2, 1, json_build_object('step', 'plan', 'table', :table::text, 'behind', NULL, 'planned', 0, 'rows', :rows::bigint)::text

-- name: plan_ranges
-- The next ranges of one table, of :max_rows rows together: {table}, its {name} and {keys}, the {bounds} made of them, and what
-- is {behind} those planned before are filled in. Each range begins behind the last key of the one before; the first and
-- the last of a table have no end.
WITH numbered AS (
    SELECT
        {keys},
        row_number() OVER in_order AS number,
        lead(true) OVER in_order IS NULL AS is_last,
        count(*) OVER () < :max_rows AS is_rest
    FROM (SELECT {keys} FROM {table} WHERE project_id = :target {behind} ORDER BY {keys} LIMIT :max_rows) AS next_rows
    WINDOW in_order AS (ORDER BY {keys})
),
ranges AS (
    SELECT
        number - mod(number - 1, :size) AS first_number,
        mod(number - 1, :size) + 1 AS row_count,
        json_build_object({bounds})::jsonb AS last_key,
        is_last AND is_rest AS is_open
    FROM numbered
    WHERE mod(number, :size) = 0 OR is_last
),
added AS (
    INSERT INTO batches (project_id, action_id, first_row, row_count, body)
    SELECT
        :project_id, :action_id, :first_row + first_number - 1, row_count,
        convert_to(json_build_object(
            'step', 'delete',
            'table', {name}::text,
            'behind', coalesce(lag(last_key) OVER in_order, :behind::jsonb),
            'up_to', CASE WHEN NOT is_open THEN last_key END
        )::text, 'UTF8')
    FROM ranges
    WINDOW in_order AS (ORDER BY first_number)
    RETURNING row_count
)
SELECT
    coalesce(sum(row_count), 0)::bigint AS rows,
    count(*) AS batches,
    (SELECT last_key FROM ranges ORDER BY first_number DESC LIMIT 1) AS last_key
FROM added

-- name: count_keys
SELECT count(*) AS total FROM api_keys WHERE project_id = :target

-- name: add_batch!
INSERT INTO batches (project_id, action_id, first_row, row_count, body)
VALUES (:project_id, :action_id, :first_row, :row_count, convert_to(:body, 'UTF8'))

-- name: add_to_tally!
-- In the transaction that adds the batches. An action that was ended meanwhile has none added: its batch cannot be closed.
UPDATE async_actions
SET total_count = total_count + :rows, open_count = open_count + :rows, open_batches = open_batches + :batches
WHERE project_id = :project_id AND id = :action_id AND status IN ('ENQUEUED', 'IN_PROGRESS')
