-- name: create_stage!
CREATE TEMPORARY TABLE IF NOT EXISTS sku_stage (
    is_new boolean NOT NULL,
    id text COLLATE "C" NOT NULL,
    source_id text COLLATE "C",
    product_id text NOT NULL,
    sku text,
    price bigint,
    currency text,
    attributes jsonb NOT NULL,
    image_url text,
    metadata jsonb NOT NULL
) ON COMMIT DELETE ROWS

-- name: clear_stage!
DELETE FROM sku_stage

-- name: copy_stage!
COPY sku_stage FROM STDIN

-- name: lock_by_source_id
SELECT * FROM skus WHERE project_id = :project_id AND source_id = ANY (:keys) ORDER BY id FOR UPDATE

-- name: lock_by_id
SELECT * FROM skus WHERE project_id = :project_id AND id = ANY (:keys) ORDER BY id FOR UPDATE

-- name: insert_staged!
INSERT INTO skus (project_id, id, source_id, product_id, sku, price, currency, attributes, image_url, metadata, created_at)
SELECT :project_id, id, source_id, product_id, sku, price, currency, attributes, image_url, metadata, :now
FROM sku_stage
WHERE is_new
ORDER BY source_id, id
ON CONFLICT DO NOTHING

-- name: update_staged!
UPDATE skus
SET
    product_id = stage.product_id,
    sku = stage.sku,
    price = stage.price,
    currency = stage.currency,
    attributes = stage.attributes,
    image_url = stage.image_url,
    metadata = stage.metadata,
    updated_at = :now
FROM sku_stage AS stage
WHERE NOT stage.is_new AND skus.project_id = :project_id AND skus.id = stage.id

-- name: get_by_id_or_source_id
SELECT * FROM skus WHERE project_id = :project_id AND (id = :key OR source_id = :key)
ORDER BY (id = :key) DESC LIMIT 1

-- name: delete_one
DELETE FROM skus WHERE project_id = :project_id AND (id = :key OR source_id = :key) RETURNING id

-- name: find_products
SELECT id, source_id FROM products
WHERE project_id = :project_id AND (id = ANY (:keys) OR source_id = ANY (:keys))
ORDER BY id
FOR KEY SHARE

-- name: every_sku_of_product!
SELECT * FROM skus WHERE project_id = :project_id AND product_id = :product_id
