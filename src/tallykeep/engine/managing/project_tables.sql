-- name: count_rows!
-- {name} and {table} are filled in. Along an index by project, and no further than :max_rows.
SELECT {name} AS name, count(*) AS total FROM (SELECT FROM {table} WHERE project_id = :target LIMIT :max_rows) AS counted

-- name: delete_rows!
DELETE FROM {table} WHERE project_id = :target

-- name: behind!
AND ({keys}) > ({values})

-- name: up_to!
AND ({keys}) <= ({values})

-- name: value_of_bound!
(SELECT (jsonb_populate_record(NULL::{table}, {bound}::jsonb)).{key})
