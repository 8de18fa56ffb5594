-- name: first_rows
SELECT first_row FROM batches ORDER BY first_row

-- name: read_batch
SELECT first_row, row_count, body, uncompressed_size, lines, broken FROM batches WHERE first_row = :first_row

-- name: add_as_it_came!
INSERT INTO bench_batches (project_id, action_id, first_row, row_count, body)
VALUES (:project_id, :action_id, :first_row, :row_count, :body)

-- name: copy_out
COPY (SELECT project_id, action_id, first_row, row_count, body FROM bench_batches ORDER BY first_row)
TO STDOUT (FORMAT binary)

-- name: create_like_batches!
CREATE TABLE bench_batches (LIKE batches INCLUDING ALL)

-- name: empty_like_batches!
TRUNCATE bench_batches

-- name: copy_in!
COPY bench_batches (project_id, action_id, first_row, row_count, body) FROM STDIN (FORMAT binary)

-- name: drop_like_batches!
DROP TABLE bench_batches
