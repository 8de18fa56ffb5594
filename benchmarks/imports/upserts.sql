-- name: copy_stage!
COPY bench_stage FROM STDIN

-- name: put_customers!
INSERT INTO customers (project_id, id, source_id, name, email, phone, address, metadata, created_at)
SELECT
    1, 'cust_' || lpad(to_hex(number), 18, '0'), 'c-' || number, 'Old name', 'old@example.com', '+49401',
    jsonb_build_object('city', 'Kiel', 'country', 'DE'), jsonb_build_object('Tier', 'none', 'Source', 'shop'), now()
FROM generate_series(1, :rows) AS number

-- name: ready_customers
COPY (
    SELECT source_id, name, email, phone, description, birthdate, address, metadata FROM customers
    WHERE updated_at IS NOT NULL
    ORDER BY id
) TO STDOUT

-- name: create_customer_stage!
CREATE TEMPORARY TABLE bench_stage (
    source_id text, name text, email text, phone text, description text, birthdate date, address jsonb, metadata jsonb
) ON COMMIT DROP

-- name: upsert_customers!
INSERT INTO customers AS present (
    project_id, id, source_id, name, email, phone, description, birthdate, address, metadata, created_at
)
SELECT
    1, 'cust_f' || lpad(to_hex(row_number() OVER ()), 17, '0'), source_id, name, email, phone, description,
    birthdate, address, metadata, now()
FROM bench_stage
ON CONFLICT (project_id, source_id) DO UPDATE SET
    name = excluded.name,
    email = excluded.email,
    phone = excluded.phone,
    description = coalesce(excluded.description, present.description),
    birthdate = coalesce(excluded.birthdate, present.birthdate),
    address = present.address || excluded.address,
    metadata = present.metadata || excluded.metadata,
    updated_at = now()

-- name: put_products!
INSERT INTO products (project_id, id, source_id, name, price, attributes, image_url, metadata, created_at)
SELECT
    1, 'prod_' || lpad(to_hex(number), 18, '0'), 'p-' || number, 'Old name', 100, '["size"]', 'https://example.com/old',
    jsonb_build_object('Season', 'winter', 'Source', 'shop'), now()
FROM generate_series(1, :rows) AS number

-- name: ready_products
COPY (
    SELECT source_id, name, price, attributes, image_url, metadata FROM products
    WHERE updated_at IS NOT NULL
    ORDER BY id
) TO STDOUT

-- name: create_product_stage!
CREATE TEMPORARY TABLE bench_stage (
    source_id text, name text, price bigint, attributes jsonb, image_url text, metadata jsonb
) ON COMMIT DROP

-- name: upsert_products!
INSERT INTO products AS present (project_id, id, source_id, name, price, attributes, image_url, metadata, created_at)
SELECT
    1, 'prod_f' || lpad(to_hex(row_number() OVER ()), 17, '0'), source_id, name, price, attributes, image_url,
    metadata, now()
FROM bench_stage
ON CONFLICT (project_id, source_id) DO UPDATE SET
    name = excluded.name,
    price = excluded.price,
    attributes = excluded.attributes,
    image_url = excluded.image_url,
    metadata = present.metadata || excluded.metadata,
    updated_at = now()
