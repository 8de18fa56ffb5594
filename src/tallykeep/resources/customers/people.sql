-- name: delete_customers
DELETE FROM customers
WHERE project_id = :project_id AND (source_id = ANY (:keys::text[]) OR id = ANY (:ids::text[]))
RETURNING *

-- name: ids_named
-- The address goes through all customers of the project, as a list filtered by it does; what is no address does not.
SELECT id FROM customers WHERE project_id = :project_id AND id = :key::text
UNION
SELECT id FROM customers WHERE project_id = :project_id AND source_id = :key::text
UNION
SELECT id FROM customers WHERE :is_address::boolean AND project_id = :project_id AND lower(email) = lower(:key::text)
ORDER BY id
LIMIT :limit
