-- name: find_products
SELECT id, source_id FROM products
WHERE project_id = :project_id AND (id = ANY (:keys) OR source_id = ANY (:keys))
ORDER BY id
FOR KEY SHARE
