-- name: count_voucher
SELECT count(*) AS total FROM vouchers WHERE project_id = :project_id AND metadata ? :key

-- name: count_campaign
SELECT count(*) AS total FROM campaigns WHERE project_id = :project_id AND metadata ? :key

-- name: count_customer
SELECT count(*) AS total FROM customers WHERE project_id = :project_id AND metadata ? :key

-- name: count_product
SELECT count(*) AS total FROM products WHERE project_id = :project_id AND metadata ? :key

-- name: count_order
SELECT count(*) AS total FROM orders WHERE project_id = :project_id AND metadata ? :key

-- The keys in use, among so many resources that an answer is quick; those of a table are filled in for {table}.

-- name: keys_in_use!
WITH part AS MATERIALIZED (
    SELECT metadata FROM {table} WHERE project_id = :project_id ORDER BY id DESC LIMIT :looked_at
),
used AS (
    SELECT key, count(*) AS total FROM part, jsonb_object_keys(metadata) AS key GROUP BY key
)
SELECT
    (SELECT count(*) FROM part) AS looked_at,
    (SELECT count(*) FROM used) AS different,
    ARRAY(
        SELECT jsonb_build_object('key', key, 'total', total) FROM used ORDER BY total DESC, key LIMIT :most
    ) AS keys

-- Purging a range of keys: {table}, {key} and {range} are filled in.

-- name: purge_range!
UPDATE {table}
SET metadata = metadata - :key::text, updated_at = :now
WHERE project_id = :project_id AND {range} AND metadata ? :key

-- name: purge_range_with_timestamps!
-- No more at once than there are moments for.
UPDATE {table}
SET metadata = metadata - :key::text, updated_at = :first_moment::timestamptz + place * interval '1 microsecond'
FROM (
    SELECT {key} AS reached_key, row_number() OVER (ORDER BY {key}) - 1 AS place
    FROM (
        SELECT {key} FROM {table}
        WHERE project_id = :project_id AND {range} AND metadata ? :key
        ORDER BY {key}
        LIMIT :moments
        FOR UPDATE
    ) AS locked
) AS reached
WHERE {table}.project_id = :project_id AND {table}.{key} = reached_key

-- name: carries_key!
metadata ? :key
