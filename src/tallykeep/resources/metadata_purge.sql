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
