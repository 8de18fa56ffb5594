-- name: put_products!
INSERT INTO products (project_id, id, source_id, name, created_at)
SELECT 1, 'prod_' || lpad(to_hex(number), 18, '0'), 'p-' || number, 'Shoe ' || number, now()
FROM generate_series(1, :rows) AS number

-- name: stage_customers!
CREATE TEMPORARY TABLE bench_customers (LIKE customers) ON COMMIT DROP

-- name: upsert_customers!
INSERT INTO customers AS present
SELECT * FROM bench_customers
ON CONFLICT (project_id, source_id) DO UPDATE SET
    name = excluded.name,
    email = excluded.email,
    phone = excluded.phone,
    description = excluded.description,
    birthdate = excluded.birthdate,
    address = excluded.address,
    metadata = present.metadata || excluded.metadata,
    updated_at = now()

-- name: stage_products!
CREATE TEMPORARY TABLE bench_products (LIKE products) ON COMMIT DROP

-- name: upsert_products!
INSERT INTO products AS present
SELECT * FROM bench_products
ON CONFLICT (project_id, source_id) DO UPDATE SET
    name = excluded.name,
    price = excluded.price,
    attributes = excluded.attributes,
    image_url = excluded.image_url,
    metadata = present.metadata || excluded.metadata,
    updated_at = now()

-- name: stage_skus!
CREATE TEMPORARY TABLE bench_skus (LIKE skus) ON COMMIT DROP

-- name: upsert_skus!
INSERT INTO skus AS present
SELECT * FROM bench_skus
ON CONFLICT (project_id, source_id) DO UPDATE SET
    product_id = excluded.product_id,
    sku = excluded.sku,
    price = excluded.price,
    currency = excluded.currency,
    attributes = present.attributes || excluded.attributes,
    image_url = excluded.image_url,
    metadata = present.metadata || excluded.metadata,
    updated_at = now()

-- name: stage_orders!
CREATE TEMPORARY TABLE bench_orders (LIKE orders) ON COMMIT DROP

-- name: upsert_orders!
INSERT INTO orders AS present
SELECT * FROM bench_orders
ON CONFLICT (project_id, source_id) DO UPDATE SET
    status = excluded.status,
    amount = excluded.amount,
    initial_amount = excluded.initial_amount,
    discount_amount = excluded.discount_amount,
    items = excluded.items,
    customer_id = excluded.customer_id,
    referrer_id = excluded.referrer_id,
    metadata = present.metadata || excluded.metadata,
    updated_at = now()
