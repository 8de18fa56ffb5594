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
