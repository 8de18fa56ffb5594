-- name: page!
{matching} AND {conditions}
ORDER BY {order}
LIMIT :limit OFFSET :offset

-- name: count!
SELECT count(*) AS total FROM ({matching} AND {conditions}) AS matching

-- name: no_condition!
true

-- Rows that tie are ordered by their id, so that pages neither repeat nor skip any; a null comes before all values.

-- name: ascending!
{column} ASC, id ASC

-- name: descending!
{column} DESC, id DESC

-- name: ascending_from_null!
{column} ASC NULLS FIRST, id ASC

-- name: descending_to_null!
{column} DESC NULLS LAST, id DESC

-- A whole list, part by part in the order of ids, so that each part begins where an index finds it. It ends where it
-- ended when somebody first looked: what is stored meanwhile would have no end.

-- name: newest!
SELECT id FROM ({matching}) AS matching ORDER BY id DESC LIMIT 1

-- name: part!
SELECT * FROM ({matching} AND {conditions}) AS matching
WHERE id > :after AND id <= :last
ORDER BY id
LIMIT :limit

-- name: metadata_keys_of_part!
WITH part AS MATERIALIZED (
    SELECT id, metadata FROM ({matching} AND {conditions}) AS matching
    WHERE id > :after AND id <= :last
    ORDER BY id
    LIMIT :limit
)
SELECT
    (SELECT max(id) FROM part) AS through,
    ARRAY(SELECT DISTINCT key FROM part, jsonb_object_keys(metadata) AS key) AS keys
