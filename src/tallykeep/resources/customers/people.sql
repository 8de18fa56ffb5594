-- name: delete_customers
DELETE FROM customers
WHERE project_id = :project_id AND (source_id = ANY (:keys::text[]) OR id = ANY (:ids::text[]))
RETURNING *
