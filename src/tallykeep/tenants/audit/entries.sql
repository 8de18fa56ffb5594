-- name: add_entry!
INSERT INTO audit_pending (
    project_id, id, created_at, event, outcome, door, key_id, key_kind, token_id, session_id, address, request_id,
    action_id, resource_type, resource_id, details
)
VALUES (
    :project_id, :id, date_trunc('milliseconds', statement_timestamp()), :event, :outcome, :door, :key_id, :key_kind,
    :token_id, :session_id, :address, :request_id, :action_id, :resource_type, :resource_id, :details
)

-- name: add_entry_of_change!
-- Of a project that is being deleted no change is committed any more, but the deletion itself: whoever closes the project
-- waits for those that hold its row, and those that come later find it closed.
INSERT INTO audit_pending (
    project_id, id, created_at, event, outcome, door, key_id, key_kind, token_id, session_id, address, request_id,
    action_id, resource_type, resource_id, details
)
SELECT
    :project_id, :id, date_trunc('milliseconds', statement_timestamp()), :event, :outcome, :door, :key_id, :key_kind,
    :token_id, :session_id, :address, :request_id, :action_id, :resource_type, :resource_id, :details
FROM (
    SELECT FROM projects
    WHERE project_id = :project_id AND (deletion_id IS NULL OR deletion_id = :action_id)
    FOR KEY SHARE
) AS open_project

-- name: add_refusals!
-- Keys that are nobody's are not kept: what was sent in their stead may be a secret. Attempts with them are of project 0.
INSERT INTO audit_pending (
    project_id, id, created_at, event, outcome, door, key_id, key_kind, token_id, session_id, address, request_id,
    resource_type, resource_id, details
)
SELECT
    coalesce(attempt.project_id, known.project_id, 0), attempt.id, date_trunc('milliseconds', statement_timestamp()),
    attempt.event, 'refused', attempt.door,
    CASE WHEN attempt.project_id IS NOT NULL OR known.project_id IS NOT NULL THEN attempt.key_id END,
    CASE WHEN attempt.project_id IS NOT NULL OR known.project_id IS NOT NULL THEN attempt.key_kind END,
    attempt.token_id, attempt.session_id, attempt.address, attempt.request_id, attempt.resource_type, attempt.resource_id,
    attempt.details
FROM unnest(
    :project_id::bigint[], :id::text[], :event::text[], :door::text[], :key_id::text[], :key_kind::text[],
    :token_id::text[], :session_id::text[], :address::text[], :request_id::text[], :resource_type::text[], :resource_id::text[],
    :details::jsonb[]
) AS attempt (
    project_id, id, event, door, key_id, key_kind, token_id, session_id, address, request_id, resource_type, resource_id,
    details
)
LEFT JOIN api_keys AS known ON known.kind = attempt.key_kind AND known.key_id = attempt.key_id
ON CONFLICT DO NOTHING

-- name: submitted_entry!
-- Of the actions that `submitted` has, where no other entry tells of them: a campaign's change has its own.
submitted_entry AS (
    INSERT INTO audit_pending (
        project_id, id, created_at, event, outcome, door, key_id, key_kind, token_id, session_id, address, request_id,
        action_id, resource_type, resource_id, details
    )
    SELECT
        :project_id, log_id, date_trunc('milliseconds', statement_timestamp()), event, 'success', door, requested_by,
        key_kind, token_id, session_id, address, request_id, id, 'async_action', id,
        jsonb_strip_nulls(jsonb_build_object(
            'type', type, 'rows', total_count, 'bytes', body_size, 'file_name', left(file_name, 200),
            'parent_id', parent_id
        ))
    FROM submitted
    WHERE event IS NOT NULL
)

-- name: empty_end_entry!
-- Of an action without rows, which has ended as soon as it is accepted.
empty_end_entry AS (
    INSERT INTO audit_pending (
        project_id, id, created_at, event, outcome, door, key_id, request_id, action_id, resource_type, resource_id,
        details
    )
    SELECT
        :project_id, 'log_' || substr(id, 4) || 'e', date_trunc('milliseconds', statement_timestamp()), 'action.end',
        'success', 'worker', requested_by, request_id, id, 'async_action', id,
        jsonb_build_object(
            'type', type, 'ended_by', 'COMPLETED', 'total_count', 0, 'done_count', 0, 'failed_count', 0,
            'unprocessed_count', 0
        )
    FROM submitted
    WHERE open_batches = 0
)

-- name: end_entry!
-- Of the actions that `ended` has as they are now. An action ends once, so its id makes the entry's.
end_entry AS (
    INSERT INTO audit_pending (
        project_id, id, created_at, event, outcome, door, key_id, request_id, action_id, resource_type, resource_id,
        details
    )
    SELECT
        ended.project_id, 'log_' || substr(ended.id, 4) || 'e', date_trunc('milliseconds', statement_timestamp()),
        'action.end', CASE ended.status WHEN 'DONE' THEN 'success' ELSE 'failed' END, 'worker', ended.requested_by,
        ended.request_id, ended.id, 'async_action', ended.id,
        jsonb_build_object(
            'type', ended.type, 'ended_by', ended.ended_by, 'total_count', ended.total_count,
            'done_count', ended.done_count, 'failed_count', ended.failed_count,
            'unprocessed_count', ended.unprocessed_count
        ) || CASE WHEN ended.dry_run THEN '{"dry_run": true}'::jsonb ELSE '{}' END
    FROM ended
    WHERE ended.status IN ('DONE', 'FAILED')
)
