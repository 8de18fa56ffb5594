-- name: delete_orders_of!
-- Selected by itself: within the condition it might be selected again for each order, and then have other limits.
WITH oldest AS MATERIALIZED (
    SELECT id FROM orders
    WHERE project_id = :project_id AND customer_id = ANY (:customer_ids::text[])
    ORDER BY id
    LIMIT :limit
    FOR UPDATE
)
DELETE FROM orders USING oldest WHERE orders.project_id = :project_id AND orders.id = oldest.id

-- name: unlink_referrer!
UPDATE orders
SET referrer_id = NULL, updated_at = date_trunc('milliseconds', statement_timestamp())
WHERE project_id = :project_id AND referrer_id = ANY (:customer_ids::text[])

-- name: orders_of
SELECT * FROM orders
WHERE project_id = :project_id AND customer_id = ANY (:customer_ids::text[]) AND id > :after
ORDER BY id
LIMIT :limit
