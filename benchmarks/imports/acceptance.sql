-- name: copy_out
COPY (SELECT project_id, action_id, first_row, row_count, body FROM batches ORDER BY first_row)
TO STDOUT (FORMAT binary)

-- name: create_like_batches!
CREATE TABLE bench_batches (LIKE batches INCLUDING ALL)

-- name: copy_in!
COPY bench_batches (project_id, action_id, first_row, row_count, body) FROM STDIN (FORMAT binary)

-- name: drop_like_batches!
DROP TABLE bench_batches
