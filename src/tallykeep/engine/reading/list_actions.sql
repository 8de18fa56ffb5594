-- name: get_creation_time
SELECT created_at FROM async_actions WHERE project_id = :project_id AND id = :after_id

-- name: page_by_time
SELECT created_at, id
FROM async_actions
WHERE project_id = :project_id
    AND created_at >= :created_from::timestamptz
    AND created_at < :created_before::timestamptz
    AND (created_at, id) < (:after_created_at::timestamptz, :after_id)
ORDER BY created_at DESC, id DESC
LIMIT :limit

-- name: page_by_status
-- A stretch of the index for each status, no longer than the page.
SELECT stretch.created_at, stretch.id
FROM unnest(:statuses::text[]) AS wanted (status)
CROSS JOIN LATERAL (
    SELECT created_at, id
    FROM async_actions
    WHERE project_id = :project_id
        AND status = wanted.status
        AND created_at >= :created_from::timestamptz
        AND created_at < :created_before::timestamptz
        AND (created_at, id) < (:after_created_at::timestamptz, :after_id)
    ORDER BY created_at DESC, id DESC
    LIMIT :limit
) AS stretch
ORDER BY created_at DESC, id DESC
LIMIT :limit

-- name: page_by_type
-- A stretch of the index for each type and status, no longer than the page.
SELECT stretch.created_at, stretch.id
FROM unnest(:types::text[]) AS wanted_type (type)
CROSS JOIN unnest(:statuses::text[]) AS wanted_status (status)
CROSS JOIN LATERAL (
    SELECT created_at, id
    FROM async_actions
    WHERE project_id = :project_id
        AND type = wanted_type.type
        AND status = wanted_status.status
        AND created_at >= :created_from::timestamptz
        AND created_at < :created_before::timestamptz
        AND (created_at, id) < (:after_created_at::timestamptz, :after_id)
    ORDER BY created_at DESC, id DESC
    LIMIT :limit
) AS stretch
ORDER BY created_at DESC, id DESC
LIMIT :limit

-- name: page_of_parent
SELECT created_at, id
FROM async_actions
WHERE project_id = :project_id
    AND parent_id = :parent_id
    AND status = ANY (:statuses)
    AND (:types::text[] = '{}' OR type = ANY (:types))
    AND created_at >= :created_from::timestamptz
    AND created_at < :created_before::timestamptz
    AND (created_at, id) < (:after_created_at::timestamptz, :after_id)
ORDER BY created_at DESC, id DESC
LIMIT :limit

-- name: page_by_scan!
-- Along the index by time, until the page is full; {further} is one of the conditions below.
SELECT created_at, id
FROM async_actions
WHERE project_id = :project_id
    AND status = ANY (:statuses)
    AND (:types::text[] = '{}' OR type = ANY (:types))
    AND (:parent_id::text IS NULL OR parent_id = :parent_id)
    AND created_at >= :created_from::timestamptz
    AND created_at < :created_before::timestamptz
    AND (:started_from::timestamptz IS NULL OR started_at >= :started_from)
    AND (:started_before::timestamptz IS NULL OR started_at < :started_before)
    AND (:finished_from::timestamptz IS NULL OR finished_at >= :finished_from)
    AND (:finished_before::timestamptz IS NULL OR finished_at < :finished_before)
    AND (:file_name::text IS NULL OR strpos(lower(file_name), lower(:file_name)) > 0)
    AND CASE :failures::text
        WHEN 'none' THEN failed_count = 0
        WHEN 'some' THEN failed_count > 0 AND done_count > 0
        WHEN 'all' THEN failed_count > 0 AND done_count = 0
        ELSE true
    END
    AND (created_at, id) < (:after_created_at::timestamptz, :after_id)
    AND {further}
ORDER BY created_at DESC, id DESC
LIMIT :limit

-- name: anything!
true

-- name: is_cancelable!
status IN ('ENQUEUED', 'IN_PROGRESS') AND type <> ALL (:never)

-- name: is_retryable!
-- An action with children has been retried already. Without this check the same rows would be sent again and again.
status IN ('DONE', 'FAILED') AND failed_count > 0 AND failures_kept AND NOT dry_run AND NOT EXISTS (
    SELECT FROM async_actions AS child
    WHERE child.project_id = async_actions.project_id AND child.parent_id = async_actions.id
)

-- name: get_by_ids
SELECT
    project_id, id, type, status, operation_status, request_id, created_at, updated_at, started_at, finished_at,
    total_count, done_count, failed_count, unprocessed_count, created_count, dry_run, on_error, ended_by, reason,
    retry_count, retry_reason,
    parent_id, requested_by, file_name, body_size, failures_kept, report_kept
FROM async_actions
WHERE project_id = :project_id AND id = ANY (:ids)
ORDER BY created_at DESC, id DESC
