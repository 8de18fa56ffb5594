-- name: create_stage!
CREATE TEMPORARY TABLE IF NOT EXISTS customer_stage (
    is_new boolean NOT NULL,
    id text COLLATE "C" NOT NULL,
    source_id text COLLATE "C",
    name text,
    email text,
    phone text,
    description text,
    birthdate date,
    address jsonb,
    metadata jsonb NOT NULL
) ON COMMIT DELETE ROWS

-- name: clear_stage!
DELETE FROM customer_stage

-- name: copy_stage!
COPY customer_stage FROM STDIN

-- name: lock_by_source_id
SELECT * FROM customers WHERE project_id = :project_id AND source_id = ANY (:keys) ORDER BY id FOR UPDATE

-- name: lock_by_id
SELECT * FROM customers WHERE project_id = :project_id AND id = ANY (:keys) ORDER BY id FOR UPDATE

-- name: insert_staged!
INSERT INTO customers (project_id, id, source_id, name, email, phone, description, birthdate, address, metadata, created_at)
SELECT :project_id, id, source_id, name, email, phone, description, birthdate, address, metadata, :now
FROM customer_stage
WHERE is_new
ORDER BY source_id, id
ON CONFLICT DO NOTHING

-- name: update_staged!
UPDATE customers
SET
    name = stage.name,
    email = stage.email,
    phone = stage.phone,
    description = stage.description,
    birthdate = stage.birthdate,
    address = stage.address,
    metadata = stage.metadata,
    updated_at = :now
FROM customer_stage AS stage
WHERE NOT stage.is_new AND customers.project_id = :project_id AND customers.id = stage.id

-- name: plan_purge!
INSERT INTO portions (project_id, action_id, first_row, row_count, body)
SELECT
    :project_id, :action_id, min(number), count(*),
    convert_to(json_build_object('first', min(id), 'last', max(id))::text, 'UTF8')
FROM (
    SELECT id, row_number() OVER (ORDER BY id) AS number
    FROM customers
    WHERE project_id = :project_id AND metadata ? :key
) AS numbered
GROUP BY (number - 1) / :rows

-- name: apply_purge!
UPDATE customers
SET metadata = metadata - :key::text, updated_at = :now
WHERE project_id = :project_id AND id IN (
    SELECT id FROM customers
    WHERE project_id = :project_id AND id BETWEEN :first AND :last AND metadata ? :key
    ORDER BY id
    FOR UPDATE
)

-- name: get_by_id_or_source_id
SELECT * FROM customers WHERE project_id = :project_id AND (id = :key OR source_id = :key)
ORDER BY (id = :key) DESC LIMIT 1

-- name: delete_one
DELETE FROM customers WHERE project_id = :project_id AND (id = :key OR source_id = :key) RETURNING id

-- name: list_customers
SELECT * FROM customers
WHERE project_id = :project_id
    AND (:email::text IS NULL OR email = :email)
    AND (:name::text IS NULL OR name = :name)
    AND (:created_before::timestamptz IS NULL OR created_at < :created_before)
    AND (:created_after::timestamptz IS NULL OR created_at > :created_after)
    AND (:after_id::text IS NULL OR id < :after_id)
ORDER BY id DESC
LIMIT :limit OFFSET :offset

-- name: count_customers
SELECT count(*) AS total FROM customers
WHERE project_id = :project_id
    AND (:email::text IS NULL OR email = :email)
    AND (:name::text IS NULL OR name = :name)
    AND (:created_before::timestamptz IS NULL OR created_at < :created_before)
    AND (:created_after::timestamptz IS NULL OR created_at > :created_after)
