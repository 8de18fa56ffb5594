-- name: action!
-- Behind what tells its number as `taken`. An action without rows is done as soon as it is accepted.
action AS (
    INSERT INTO async_actions (
        project_id, id, type, sequence, status, operation_status, ended_by, request_id, requested_by, parent_id, source,
        total_count, open_count, open_batches, submission_options, number, served_at, file_name, body_size,
        created_at, updated_at, finished_at
    )
    SELECT
        :project_id, :id, :type, :sequence,
        CASE WHEN :open_batches = 0 THEN 'DONE' ELSE 'ENQUEUED' END,
        CASE WHEN :open_batches = 0 THEN 'SUCCESS' ELSE 'UNKNOWN' END,
        CASE WHEN :open_batches = 0 THEN 'COMPLETED' END,
        :request_id, :requested_by, :parent_id, :source,
        :total_count, :total_count, :open_batches, :submission_options, taken.accepted,
        present - :head_start::interval, :file_name, :body_size,
        present, present, CASE WHEN :open_batches = 0 THEN present END
    FROM taken, date_trunc('milliseconds', statement_timestamp()) AS present
)

-- name: numbered!
WITH taken AS (SELECT :number::bigint AS accepted)

-- name: batch!
batch AS (
    INSERT INTO batches (project_id, action_id, first_row, row_count, body, lines, broken)
    VALUES (:project_id, :id, :first_row, :total_count, :body, :lines, :broken)
)

-- name: count_batches
SELECT coalesce(sum(row_count), 0)::bigint AS rows, count(*) AS batches
FROM batches
WHERE project_id = :project_id AND action_id = :id
