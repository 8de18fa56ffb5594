-- name: watched_actions
SELECT
    project_id, id, type, status, operation_status, request_id, created_at, updated_at, started_at, finished_at,
    total_count, done_count, failed_count, unprocessed_count, created_count, dry_run, on_error, ended_by, reason,
    retry_count, retry_reason,
    parent_id, requested_by, file_name, body_size, failures_kept, report_kept
FROM unnest(:project_ids::bigint[], :ids::text[]) AS watched (project_id, id)
JOIN async_actions USING (project_id, id)
