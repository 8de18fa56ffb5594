-- name: try_to_lock
-- A lock of the session, not of a transaction: no transaction may be open while the other process works.
SELECT pg_try_advisory_lock(hashtextextended(:action_id || ' ' || :first_row::bigint, :project_id)) AS locked

-- name: unlock
SELECT pg_advisory_unlock(hashtextextended(:action_id || ' ' || :first_row::bigint, :project_id))

-- name: delete_batch!
DELETE FROM batches WHERE project_id = :project_id AND action_id = :action_id AND first_row = :first_row

-- name: add_part_of_batch!
WITH part AS (
    INSERT INTO batches (project_id, action_id, first_row, row_count, body, uncompressed_size, lines, broken)
    VALUES (:project_id, :action_id, :first_row, :row_count, :body, :uncompressed_size, :lines, :broken)
)
INSERT INTO attempts (project_id, action_id, first_row, attempts)
VALUES (:project_id, :action_id, :first_row, :attempts)
ON CONFLICT (project_id, action_id, first_row) DO UPDATE SET attempts = excluded.attempts

-- name: add_open_batches!
UPDATE async_actions SET open_batches = open_batches + :more WHERE project_id = :project_id AND id = :action_id
