-- name: skus_of
SELECT * FROM skus WHERE project_id = :project_id AND product_id = :key ORDER BY id FOR UPDATE
