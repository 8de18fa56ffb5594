-- name: one!
submitted AS (
    SELECT
        :id::text AS id, :type::text AS type, :sequence::text AS sequence, :request_id::text AS request_id,
        :requested_by::text AS requested_by, :parent_id::text AS parent_id, :source::jsonb AS source,
        :submission_options::jsonb AS submission_options, :file_name::text AS file_name, :body_size::bigint AS body_size,
        :total_count::bigint AS total_count, :open_batches::bigint AS open_batches, 0 AS behind, :log_id::text AS log_id,
        :event::text AS event, :door::text AS door, :key_kind::text AS key_kind, :token_id::text AS token_id,
        :session_id::text AS session_id, :address::text AS address
)

-- name: many!
-- Those that are committed together, of one batch each; `behind` says how many of them come later. Arrays of arrays cannot
-- differ in length, so lines come as texts.
submitted AS (
    SELECT member.*, NULL::text AS sequence, 1 AS open_batches, :count - position AS behind
    FROM unnest(
        :id::text[], :type::text[], :request_id::text[], :requested_by::text[], :parent_id::text[], :source::jsonb[],
        :submission_options::jsonb[], :file_name::text[], :body_size::bigint[], :total_count::bigint[],
        :first_row::bigint[], :body::bytea[], :uncompressed_size::bigint[], :lines::text[], :broken::text[], :log_id::text[], :event::text[],
        :door::text[], :key_kind::text[], :token_id::text[], :session_id::text[], :address::text[]
    ) WITH ORDINALITY AS member (
        id, type, request_id, requested_by, parent_id, source,
        submission_options, file_name, body_size, total_count,
        first_row, body, uncompressed_size, lines, broken, log_id, event, door, key_kind, token_id, session_id, address, position
    )
)

-- name: action!
-- Behind what tells its number as `taken`. An action without rows is done as soon as it is accepted.
action AS (
    INSERT INTO async_actions (
        project_id, id, type, sequence, status, operation_status, ended_by, request_id, requested_by, parent_id, source,
        total_count, open_count, open_batches, submission_options, number, served_at, file_name, body_size,
        created_at, updated_at, finished_at, log_id
    )
    SELECT
        :project_id, id, type, sequence,
        CASE WHEN open_batches = 0 THEN 'DONE' ELSE 'ENQUEUED' END,
        CASE WHEN open_batches = 0 THEN 'SUCCESS' ELSE 'UNKNOWN' END,
        CASE WHEN open_batches = 0 THEN 'COMPLETED' END,
        request_id, requested_by, parent_id, source,
        total_count, total_count, open_batches, submission_options, taken.accepted - behind,
        timestamp - :head_start::interval, file_name, body_size,
        timestamp, timestamp, CASE WHEN open_batches = 0 THEN timestamp END, log_id
    FROM taken, submitted, date_trunc('milliseconds', statement_timestamp()) AS timestamp
)

-- name: numbered!
WITH taken AS (SELECT :number::bigint AS accepted)

-- name: batch!
batch AS (
    INSERT INTO batches (project_id, action_id, first_row, row_count, body, uncompressed_size, lines, broken)
    VALUES (:project_id, :id, :first_row, :total_count, :body, :uncompressed_size, :lines, :broken)
)

-- name: batches!
batches AS (
    INSERT INTO batches (project_id, action_id, first_row, row_count, body, uncompressed_size, lines, broken)
    SELECT :project_id, id, first_row, total_count, body, uncompressed_size, lines::bigint[], broken::bigint[]
    FROM submitted
)

-- name: plan_batches
-- {planned} is filled in: the batches that an action type plans.
WITH added AS (
    INSERT INTO batches (project_id, action_id, first_row, row_count, body)
    SELECT :project_id, :id, planned.first_row, planned.row_count, convert_to(planned.body, 'UTF8')
    FROM ({planned}) AS planned
    RETURNING row_count
)

SELECT coalesce(sum(row_count), 0)::bigint AS rows, count(*) AS batches FROM added
