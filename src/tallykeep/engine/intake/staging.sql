-- name: begin_upload!
-- Writes before acceptance need not wait for the disk: the commit of acceptance flushes everything before it.
INSERT INTO uploads (project_id, action_id, begun_at, touched_at)
SELECT :project_id, :action_id, timestamp, timestamp
FROM statement_timestamp() AS timestamp, set_config('synchronous_commit', 'off', true)

-- name: touch_upload!
UPDATE uploads
SET touched_at = statement_timestamp()
FROM set_config('synchronous_commit', 'off', true)
WHERE project_id = :project_id AND action_id = :action_id

-- name: touch_uploads!
UPDATE uploads
SET touched_at = statement_timestamp()
FROM unnest(:project_ids::bigint[], :action_ids::text[]) AS open (project_id, action_id)
WHERE uploads.project_id = open.project_id AND uploads.action_id = open.action_id

-- name: end_upload!
-- Only where all is there that was staged: a crash of the server takes what did not reach the disk before it, and may leave
-- the upload and what came later.
DELETE FROM uploads
WHERE project_id = :project_id
    AND action_id = :action_id
    AND :batches = (SELECT count(*) FROM batches WHERE project_id = :project_id AND action_id = :action_id)

-- name: give_up_upload!
-- Only one that was not accepted is there.
WITH given_up AS (
    DELETE FROM uploads WHERE project_id = :project_id AND action_id = :action_id RETURNING project_id, action_id
)
INSERT INTO removals (project_id, action_id, everything)
SELECT project_id, action_id, true FROM given_up

-- name: copy_batches!
COPY batches (project_id, action_id, first_row, row_count, body, uncompressed_size, lines, broken)
FROM STDIN (FORMAT BINARY)

-- name: read_batch
SELECT first_row, row_count, body, uncompressed_size, lines, broken
FROM batches
WHERE project_id = :project_id AND action_id = :action_id AND first_row = :first_row
