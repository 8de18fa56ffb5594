-- Everything here is of actions that were accepted before the one that erases; all of them have ended by then.

-- name: get_person
-- As the steps before have left it. Somebody gone was no customer when the erasure was accepted.
SELECT
    number, source -> 'parameters' -> 'person' AS person,
    coalesce(jsonb_typeof(source -> 'parameters' -> 'customer_id') = 'null', false) AS is_gone
FROM async_actions
WHERE project_id = :project_id AND id = :action_id

-- name: keep_person!
UPDATE async_actions
SET source = jsonb_set(source, '{parameters,person}', :person::jsonb)
WHERE project_id = :project_id AND id = :action_id

-- name: forget_person!
-- Unless a retry will need it.
UPDATE async_actions
SET source = jsonb_set(source, '{parameters,person}', '{}')
WHERE project_id = :project_id AND id = :action_id AND failed_count = 0

-- name: next_batches
-- As many as have so many bytes together, one at least.
SELECT
    sized.action_id, sized.first_row, batches.row_count, batches.body, batches.uncompressed_size, batches.lines, batches.broken,
    sized.type, sized.source, sized.total_count
FROM (
    SELECT
        action_id, first_row, type, source, total_count,
        sum(bytes) OVER (ORDER BY action_id, first_row) - bytes AS bytes_before
    FROM (
        SELECT
            batches.action_id, batches.first_row,
            coalesce(batches.uncompressed_size, octet_length(batches.body)) AS bytes,
            actions.type, actions.source, actions.total_count
        FROM batches
        JOIN async_actions AS actions ON actions.project_id = batches.project_id AND actions.id = batches.action_id
        WHERE batches.project_id = :project_id
            AND (batches.action_id, batches.first_row) > (:behind_action::text, :behind_row::bigint)
            AND (
                :last_action::text IS NULL
                OR (batches.action_id, batches.first_row) <= (:last_action::text COLLATE "C", :last_row::bigint)
            )
            AND actions.number < :number
            AND actions.source ->> 'format' <> 'planned'
        ORDER BY batches.action_id, batches.first_row
        LIMIT :limit
    ) AS first_ones
) AS sized
JOIN batches
    ON batches.project_id = :project_id
    AND batches.action_id = sized.action_id
    AND batches.first_row = sized.first_row
WHERE sized.bytes_before < :max_bytes
ORDER BY sized.action_id, sized.first_row

-- name: rewrite_batch!
UPDATE batches
SET body = :body, uncompressed_size = :uncompressed_size, broken = :broken
WHERE project_id = :project_id AND action_id = :action_id AND first_row = :first_row

-- name: failures_of_rows
SELECT "row", line, key, reason
FROM failures
WHERE project_id = :project_id AND action_id = :action_id AND "row" = ANY (:rows::bigint[])
ORDER BY "row"

-- name: rewrite_failures!
-- Those of earlier versions have no group: either all of an action's failures have theirs, or none.
UPDATE failures
SET
    key = :erased,
    reason = rewritten.reason,
    reason_group = CASE WHEN failures.reason_group IS NOT NULL THEN rewritten.reason_group END
FROM unnest(:rows::bigint[], :reasons::text[], :reason_groups::bigint[]) AS rewritten ("row", reason, reason_group)
WHERE project_id = :project_id AND action_id = :action_id AND failures."row" = rewritten."row"

-- name: forget_counts!
-- They may hold what was sent; they are counted again when somebody asks.
DELETE FROM reason_counts WHERE project_id = :project_id AND action_id = :action_id

-- name: next_report_part
SELECT parts.action_id, parts.first_row, parts.body, actions.type
FROM report_parts AS parts
JOIN async_actions AS actions ON actions.project_id = parts.project_id AND actions.id = parts.action_id
WHERE parts.project_id = :project_id
    AND (parts.action_id, parts.first_row) > (:behind_action::text, :behind_row::bigint)
    AND (:last_action::text IS NULL OR (parts.action_id, parts.first_row) <= (:last_action::text COLLATE "C", :last_row::bigint))
    AND actions.number < :number
ORDER BY parts.action_id, parts.first_row
LIMIT 1

-- name: rewrite_report_part!
UPDATE report_parts
SET body = :body
WHERE project_id = :project_id AND action_id = :action_id AND first_row = :first_row

-- name: next_actions
SELECT id, type, source, submission_options, file_name, reason, retry_reason
FROM async_actions
WHERE project_id = :project_id
    AND id > :behind_action::text
    AND (:last_action::text IS NULL OR id <= :last_action::text)
    AND number < :number
ORDER BY id
LIMIT :limit

-- name: rewrite_action!
UPDATE async_actions
SET
    source = :source, submission_options = :submission_options, file_name = :file_name, reason = :reason,
    retry_reason = :retry_reason
WHERE project_id = :project_id AND id = :action_id

-- name: forget_what_is_said_of_all!
-- Where every row is about the person, so is what was said of all rows.
UPDATE async_actions
SET
    file_name = CASE WHEN file_name IS NOT NULL THEN :erased END,
    source = CASE
        WHEN source #> '{parameters,metadata}' IS NULL THEN source
        ELSE jsonb_set(source, '{parameters,metadata}', '{}')
    END || '{"defaults": {}, "values": {}}',
    submission_options = submission_options - '{defaults,values}'::text[]
WHERE project_id = :project_id AND id = :action_id

-- name: rewrite_deliveries!
-- What they hold of an action that may have been a person's.
UPDATE webhook_deliveries AS deliveries
SET data = (
    deliveries.data::jsonb
    || CASE WHEN deliveries.data ->> 'file_name' IS NULL THEN '{}' ELSE jsonb_build_object('file_name', actions.file_name) END
    || CASE
        WHEN deliveries.data ->> 'reason' IS NULL THEN '{}'
        ELSE jsonb_build_object('reason', left(actions.reason, 1000))
    END
)::json
FROM async_actions AS actions
WHERE deliveries.project_id = :project_id
    AND deliveries.action_id = :action_id
    AND actions.project_id = :project_id
    AND actions.id = :action_id

-- name: get_erasure
SELECT created_at, source -> 'parameters' AS parameters
FROM async_actions
WHERE project_id = :project_id AND id = :action_id
