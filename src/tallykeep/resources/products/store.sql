-- name: create_stage!
CREATE TEMPORARY TABLE IF NOT EXISTS product_stage (
    is_new boolean NOT NULL,
    id text COLLATE "C" NOT NULL,
    source_id text COLLATE "C",
    name text,
    price bigint,
    attributes jsonb NOT NULL,
    image_url text,
    metadata jsonb NOT NULL
) ON COMMIT DELETE ROWS

-- name: clear_stage!
DELETE FROM product_stage

-- name: copy_stage!
COPY product_stage FROM STDIN

-- name: lock_by_source_id
SELECT * FROM products WHERE project_id = :project_id AND source_id = ANY (:keys) ORDER BY id FOR UPDATE

-- name: lock_by_id
SELECT * FROM products WHERE project_id = :project_id AND id = ANY (:keys) ORDER BY id FOR UPDATE

-- name: insert_staged!
INSERT INTO products (project_id, id, source_id, name, price, attributes, image_url, metadata, created_at)
SELECT :project_id, id, source_id, name, price, attributes, image_url, metadata, :now
FROM product_stage
WHERE is_new
ORDER BY source_id, id
ON CONFLICT DO NOTHING

-- name: update_staged!
UPDATE products
SET
    name = stage.name,
    price = stage.price,
    attributes = stage.attributes,
    image_url = stage.image_url,
    metadata = stage.metadata,
    updated_at = :now
FROM product_stage AS stage
WHERE NOT stage.is_new AND products.project_id = :project_id AND products.id = stage.id

-- name: plan_purge!
INSERT INTO portions (project_id, action_id, first_row, row_count, body)
SELECT
    :project_id, :action_id, min(number), count(*),
    convert_to(json_build_object('first', min(id), 'last', max(id))::text, 'UTF8')
FROM (
    SELECT id, row_number() OVER (ORDER BY id) AS number
    FROM products
    WHERE project_id = :project_id AND metadata ? :key
) AS numbered
GROUP BY (number - 1) / :rows

-- name: apply_purge!
UPDATE products
SET metadata = metadata - :key::text, updated_at = :now
WHERE project_id = :project_id AND id BETWEEN :first AND :last AND metadata ? :key

-- name: get_by_id_or_source_id
SELECT * FROM products WHERE project_id = :project_id AND (id = :key OR source_id = :key)
ORDER BY (id = :key) DESC LIMIT 1

-- name: delete_one
DELETE FROM products WHERE project_id = :project_id AND (id = :key OR source_id = :key) RETURNING id

-- name: skus_of
SELECT * FROM skus WHERE project_id = :project_id AND product_id = :key FOR UPDATE

-- name: every_product!
SELECT * FROM products WHERE project_id = :project_id
