-- name: create_stage!
CREATE TEMPORARY TABLE IF NOT EXISTS orders_stage (
    is_new boolean NOT NULL,
    id text COLLATE "C" NOT NULL,
    source_id text COLLATE "C",
    status text NOT NULL,
    amount bigint,
    initial_amount bigint,
    discount_amount bigint,
    items jsonb NOT NULL,
    customer_id text,
    referrer_id text,
    metadata jsonb NOT NULL
) ON COMMIT DELETE ROWS

-- name: clear_stage!
DELETE FROM orders_stage

-- name: copy_stage!
COPY orders_stage FROM STDIN

-- name: lock_by_source_id
SELECT * FROM orders WHERE project_id = :project_id AND source_id = ANY (:keys) ORDER BY id FOR UPDATE

-- name: lock_by_id
SELECT * FROM orders WHERE project_id = :project_id AND id = ANY (:keys) ORDER BY id FOR UPDATE

-- name: insert_staged!
INSERT INTO orders (project_id, id, source_id, status, amount, initial_amount, discount_amount, items, customer_id, referrer_id, metadata, created_at)
SELECT :project_id, id, source_id, status, amount, initial_amount, discount_amount, items, customer_id, referrer_id, metadata, :now
FROM orders_stage
WHERE is_new
ORDER BY source_id, id
ON CONFLICT DO NOTHING

-- name: update_staged!
UPDATE orders
SET
    status = stage.status,
    amount = stage.amount,
    initial_amount = stage.initial_amount,
    discount_amount = stage.discount_amount,
    items = stage.items,
    customer_id = stage.customer_id,
    referrer_id = stage.referrer_id,
    metadata = stage.metadata,
    updated_at = :now
FROM orders_stage AS stage
WHERE NOT stage.is_new AND orders.project_id = :project_id AND orders.id = stage.id

-- name: plan_purge!
INSERT INTO portions (project_id, action_id, first_row, row_count, body)
SELECT
    :project_id, :action_id, min(number), count(*),
    convert_to(json_build_object('first', min(id), 'last', max(id))::text, 'UTF8')
FROM (
    SELECT id, row_number() OVER (ORDER BY id) AS number
    FROM orders
    WHERE project_id = :project_id AND metadata ? :key
) AS numbered
GROUP BY (number - 1) / :rows

-- name: apply_purge!
UPDATE orders
SET metadata = metadata - :key::text, updated_at = :now
WHERE project_id = :project_id AND id BETWEEN :first AND :last AND metadata ? :key

-- name: get_by_id_or_source_id
SELECT * FROM orders WHERE project_id = :project_id AND (id = :key OR source_id = :key)
ORDER BY (id = :key) DESC LIMIT 1

-- name: delete_one
DELETE FROM orders WHERE project_id = :project_id AND (id = :key OR source_id = :key) RETURNING id

-- name: known_products
SELECT id, source_id FROM products WHERE project_id = :project_id AND source_id = ANY (:keys)

-- name: known_skus
SELECT id, source_id FROM skus WHERE project_id = :project_id AND source_id = ANY (:keys)

-- name: every_order!
SELECT * FROM orders WHERE project_id = :project_id
