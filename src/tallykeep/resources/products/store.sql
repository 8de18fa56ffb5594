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
DELETE FROM products WHERE project_id = :project_id AND id = :key RETURNING *

-- name: skus_of
SELECT * FROM skus WHERE project_id = :project_id AND product_id = :key ORDER BY id FOR UPDATE

-- name: every_product!
SELECT * FROM products WHERE project_id = :project_id
