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

-- name: every_order!
SELECT * FROM orders WHERE project_id = :project_id
