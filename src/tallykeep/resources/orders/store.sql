-- name: known_products
SELECT id, source_id FROM products WHERE project_id = :project_id AND source_id = ANY (:keys)

-- name: wait_for_makers_by_name
-- A name is no key: nothing else keeps two from making products of one name.
SELECT pg_advisory_xact_lock(hashtextextended('products by name', :project_id))

-- name: named_products
SELECT min(id) AS id, name
FROM products
WHERE project_id = :project_id AND source_id IS NULL AND name = ANY (:names)
GROUP BY name

-- name: known_skus
SELECT id, source_id, product_id FROM skus WHERE project_id = :project_id AND source_id = ANY (:keys)
