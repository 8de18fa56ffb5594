-- name: get_by_id_or_source_id
SELECT * FROM skus WHERE project_id = :project_id AND (id = :key OR source_id = :key)
ORDER BY (id = :key) DESC LIMIT 1

-- name: delete_one
DELETE FROM skus WHERE project_id = :project_id AND id = :key RETURNING *

-- name: find_products
SELECT id, source_id FROM products
WHERE project_id = :project_id AND (id = ANY (:keys) OR source_id = ANY (:keys))
ORDER BY id
FOR KEY SHARE

-- name: every_sku_of_product!
SELECT * FROM skus WHERE project_id = :project_id AND product_id = :product_id
