-- name: get_by_id_or_source_id
SELECT * FROM products WHERE project_id = :project_id AND (id = :key OR source_id = :key)
ORDER BY (id = :key) DESC LIMIT 1

-- name: delete_one
DELETE FROM products WHERE project_id = :project_id AND id = :key RETURNING *

-- name: skus_of
SELECT * FROM skus WHERE project_id = :project_id AND product_id = :key ORDER BY id FOR UPDATE

-- name: every_product!
SELECT * FROM products WHERE project_id = :project_id
