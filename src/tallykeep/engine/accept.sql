-- name: add_action!
INSERT INTO async_actions (
    project_id, id, type, sequence, status, operation_status, request_id, requested_by, parent_id, source, total_count,
    open_portions, created_at, updated_at
)
SELECT
    :project_id, :id, :type, :sequence, 'ENQUEUED', 'UNKNOWN', :request_id, :requested_by, :parent_id, '{}', 0,
    0, present, present
FROM date_trunc('milliseconds', statement_timestamp()) AS present

-- name: add_action_of_one!
-- A whole action of one portion that waits for no other, behind the turn that it takes and in front of the turns it queues.
action AS (
    INSERT INTO async_actions (
        project_id, id, type, status, operation_status, request_id, requested_by, parent_id, source, total_count,
        open_count, open_portions, dry_run, on_error, max_failures, number, served_at, file_name, body_size, created_at,
        updated_at
    )
    SELECT
        :project_id, :id, :type, 'ENQUEUED', 'UNKNOWN', :request_id, :requested_by, :parent_id, :source, :total_count,
        :total_count, 1, :dry_run, :on_error, :max_failures, taken.accepted, present - :head_start::interval, :file_name,
        :body_size, present, present
    FROM taken, date_trunc('milliseconds', statement_timestamp()) AS present
),
portion AS (
    INSERT INTO portions (project_id, action_id, first_row, row_count, body, lines, broken)
    VALUES (:project_id, :id, :first_row, :total_count, :body, :lines, :broken)
)

-- name: copy_portions!
COPY portions (project_id, action_id, first_row, row_count, body, lines, broken) FROM STDIN (FORMAT BINARY)

-- name: count_portions
SELECT coalesce(sum(row_count), 0)::bigint AS rows, count(*) AS portions
FROM portions
WHERE project_id = :project_id AND action_id = :id

-- name: complete_acceptance!
-- An action without rows is done as soon as it is accepted.
UPDATE async_actions
SET
    source = :source,
    total_count = :total_count,
    open_count = :total_count,
    open_portions = :open_portions,
    dry_run = :dry_run,
    on_error = :on_error,
    max_failures = :max_failures,
    number = :number,
    served_at = present - :head_start::interval,
    file_name = :file_name,
    body_size = :body_size,
    updated_at = CASE WHEN :open_portions = 0 THEN created_at ELSE greatest(created_at, present) END,
    status = CASE WHEN :open_portions = 0 THEN 'DONE' ELSE 'ENQUEUED' END,
    operation_status = CASE WHEN :open_portions = 0 THEN 'SUCCESS' ELSE 'UNKNOWN' END,
    ended_by = CASE WHEN :open_portions = 0 THEN 'COMPLETED' END,
    finished_at = CASE WHEN :open_portions = 0 THEN created_at END
FROM date_trunc('milliseconds', statement_timestamp()) AS present
WHERE project_id = :project_id AND id = :id
