-- name: count_voucher
SELECT count(*) AS total FROM vouchers WHERE project_id = :project_id AND metadata ? :key

-- name: count_campaign
SELECT count(*) AS total FROM campaigns WHERE project_id = :project_id AND metadata ? :key

-- name: count_customer
SELECT count(*) AS total FROM customers WHERE project_id = :project_id AND metadata ? :key

-- name: count_product
SELECT count(*) AS total FROM products WHERE project_id = :project_id AND metadata ? :key

-- name: count_order
SELECT count(*) AS total FROM orders WHERE project_id = :project_id AND metadata ? :key
