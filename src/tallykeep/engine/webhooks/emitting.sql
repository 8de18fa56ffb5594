-- name: events!
-- Behind `happened`: actions as they are left by this transaction, and whether they have `started` in it. Records an event
-- for each webhook that is to hear of what happened; one that is recorded already stays as it is.
events AS (
    INSERT INTO webhook_deliveries (
        project_id, webhook_id, event_id, event, step, action_id, data, created_at, due_at, expires_at
    )
    SELECT
        happened.project_id, webhooks.id, 'evt_' || substr(happened.id, 4) || '_' || occurrence.name,
        'async_action.' || lower(happened.type) || '.' || occurrence.name, occurrence.step, happened.id,
        json_build_object(
            'id', happened.id,
            'object', 'async_action',
            'type', happened.type,
            'status', happened.status,
            'operation_status', happened.operation_status,
            'ended_by', happened.ended_by,
            'reason', left(happened.reason, 1000),
            'total_count', happened.total_count,
            'done_count', happened.done_count,
            'failed_count', happened.failed_count,
            'unprocessed_count', happened.unprocessed_count,
            'created_count', happened.created_count,
            'failure_threshold', webhooks.failure_threshold,
            'dry_run', happened.dry_run,
            'parent_id', happened.parent_id,
            'file_name', left(happened.file_name, 255),
            'request_id', happened.request_id,
            'created_at', to_char(happened.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
            'started_at', to_char(happened.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
            'finished_at', to_char(happened.finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        ),
        occurred_at, occurred_at, occurred_at + interval '3 days'
    FROM happened
    JOIN webhooks ON webhooks.project_id = happened.project_id AND webhooks.active
    CROSS JOIN LATERAL (
        VALUES
            ('started', 1, happened.started),
            (
                'failures_exceeded', 2,
                100.0::double precision * happened.failed_count > webhooks.failure_threshold * happened.total_count
            ),
            ('ended', 3, happened.status IN ('DONE', 'FAILED'))
    ) AS occurrence (name, step, is_so)
    CROSS JOIN date_trunc('milliseconds', statement_timestamp()) AS occurred_at
    WHERE occurrence.is_so
        AND webhooks.events && ARRAY[
            'async_action.' || occurrence.name,
            'async_action.' || lower(happened.type) || '.' || occurrence.name
        ]
    ON CONFLICT (project_id, webhook_id, event_id) DO NOTHING
)

-- name: happened!
-- What the transaction that is open did to these actions, whose rows it holds.
WITH happened AS (
    SELECT actions.*, coalesce(actions.started_at = :started_at::timestamptz, false) AS started
    FROM unnest(:project_ids::bigint[], :action_ids::text[]) AS each (project_id, action_id)
    JOIN async_actions AS actions ON actions.project_id = each.project_id AND actions.id = each.action_id
)
