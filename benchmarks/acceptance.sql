-- name: copy_out
COPY (SELECT project_id, action_id, first_row, row_count, body FROM portions ORDER BY first_row)
TO STDOUT (FORMAT binary)

-- name: create_like_portions!
CREATE TABLE bench_portions (LIKE portions INCLUDING ALL)

-- name: copy_in!
COPY bench_portions (project_id, action_id, first_row, row_count, body) FROM STDIN (FORMAT binary)

-- name: drop_like_portions!
DROP TABLE bench_portions
