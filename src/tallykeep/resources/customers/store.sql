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
SET metadata = metadata - :key::text, updated_at = :first_moment::timestamptz + place * interval '1 microsecond'
FROM (
    SELECT id, row_number() OVER (ORDER BY id) - 1 AS place
    FROM (
        SELECT id FROM customers
        WHERE project_id = :project_id AND id BETWEEN :first AND :last AND metadata ? :key
        ORDER BY id
        FOR UPDATE
    ) AS locked
) AS reached
WHERE customers.project_id = :project_id AND customers.id = reached.id

-- name: get_by_id_or_source_id
SELECT * FROM customers WHERE project_id = :project_id AND (id = :key OR source_id = :key)
ORDER BY (id = :key) DESC LIMIT 1

-- name: delete_one
DELETE FROM customers WHERE project_id = :project_id AND (id = :key OR source_id = :key) RETURNING id

-- name: every_customer!
SELECT * FROM customers WHERE project_id = :project_id

-- name: address_line_1!
address ->> 'line_1'

-- name: address_line_2!
address ->> 'line_2'

-- name: address_postal_code!
address ->> 'postal_code'

-- name: address_city!
address ->> 'city'

-- name: address_state!
address ->> 'state'

-- name: address_country!
address ->> 'country'
