-- {table}, the resources, is filled in.

-- name: count_carrying!
SELECT count(*) AS total FROM {table} WHERE project_id = :project_id AND metadata ? :key

-- name: keys_in_use!
-- Among so many resources that an answer is quick.
WITH part AS MATERIALIZED (
    SELECT metadata FROM {table} WHERE project_id = :project_id ORDER BY id DESC LIMIT :scanned
),
used AS (
    SELECT key, count(*) AS total FROM part, jsonb_object_keys(metadata) AS key GROUP BY key
)
SELECT
    (SELECT count(*) FROM part) AS scanned,
    (SELECT count(*) FROM used) AS different,
    ARRAY(
        SELECT jsonb_build_object('key', key, 'total', total) FROM used ORDER BY total DESC, key LIMIT :max_keys
    ) AS keys

-- Purging a range of keys: {table}, {key} and {range} are filled in.

-- name: purge_range!
UPDATE {table}
SET metadata = metadata - :key::text, updated_at = :timestamp
WHERE project_id = :project_id AND {range} AND metadata ? :key

-- name: purge_range_with_timestamps!
-- No more at once than there are timestamps for.
WITH locked AS MATERIALIZED (
    SELECT {key} FROM {table}
    WHERE project_id = :project_id AND {range} AND metadata ? :key
    ORDER BY {key}
    LIMIT :timestamps
    FOR UPDATE
)
UPDATE {table}
SET metadata = metadata - :key::text, updated_at = :first_timestamp::timestamptz + position * interval '1 microsecond'
FROM (SELECT {key} AS reached_key, row_number() OVER (ORDER BY {key}) - 1 AS position FROM locked) AS reached
WHERE {table}.project_id = :project_id AND {table}.{key} = reached_key

-- name: carries_key!
metadata ? :key
