-- {table}, {key} and {reached} are filled in: the resources, the column that orders them, and the condition.

-- name: ranges!
-- Each range begins behind the last key of the one before; the first and the last have no end.
SELECT
    first_row, row_count,
    json_build_object(
        'behind', lag(last_key) OVER in_order,
        'up_to', CASE WHEN lead(last_key) OVER in_order IS NOT NULL THEN last_key END
    )::text AS body
FROM (
    SELECT min(number) AS first_row, count(*) AS row_count, max({key}) AS last_key
    FROM (
        SELECT {key}, row_number() OVER (ORDER BY {key}) AS number
        FROM {table}
        WHERE project_id = :project_id AND {reached}
    ) AS numbered
    GROUP BY (number - 1) / :rows
) AS parts
WINDOW in_order AS (ORDER BY first_row)

-- The condition of a range for the column {key}.

-- name: behind!
{key} > :behind

-- name: up_to!
{key} <= :up_to

-- name: from_first_to_last!
{key} BETWEEN :first AND :last

-- name: everywhere!
true
