-- name: cursor_in_log
SELECT number FROM audit_log WHERE project_id = :project_id AND id = :after_id

-- name: cursor_in_pending
SELECT created_at FROM audit_pending WHERE project_id = :project_id AND id = :after_id

-- name: page_of_pending!
-- {conditions} are some of those below.
SELECT
    NULL::bigint AS number, NULL::bytea AS hash, NULL::bytea AS previous_hash, id, created_at, event, outcome, door, key_id,
    key_kind, token_id, session_id, address, request_id, action_id, resource_type, resource_id, details,
    1::smallint AS format
FROM audit_pending
WHERE project_id = :project_id
    AND (created_at, id) < (:pending_before::timestamptz, :after_id)
    {conditions}
ORDER BY created_at DESC, id DESC
LIMIT :limit

-- name: page_of_log!
SELECT
    number, hash,
    coalesce(
        (
            SELECT before.hash
            FROM audit_log AS before
            WHERE before.project_id = audit_log.project_id AND before.number = audit_log.number - 1
        ),
        (
            SELECT removed_hash
            FROM audit_chains AS chains
            WHERE chains.project_id = audit_log.project_id AND chains.removed_number = audit_log.number - 1
        )
    ) AS previous_hash,
    id, created_at, event, outcome, door, key_id, key_kind, token_id, session_id, address, request_id, action_id,
    resource_type, resource_id, details, format
FROM audit_log
WHERE project_id = :project_id
    AND number < :before
    {conditions}
ORDER BY number DESC
LIMIT :limit

-- name: of_id!
AND id = :id

-- name: of_event!
-- Worded so that the index of events is there for it.
AND event = :event AND event <> 'action.submit' AND event <> 'action.end'

-- name: of_events!
AND event = ANY (:events::text[])

-- name: of_key!
AND key_id = :key_id

-- name: of_outcome!
AND outcome = :outcome

-- name: of_action!
AND action_id = :action_id

-- name: of_resource!
-- Worded so that the index of resources is there for it.
AND resource_id = :resource_id AND resource_type <> 'async_action'

-- name: of_resource_or_action!
-- And here those of resources and of actions.
AND (
    resource_id = :resource_id AND resource_type <> 'async_action'
    OR action_id = :resource_id AND resource_type = 'async_action'
)

-- name: created_from!
AND created_at >= :created_from

-- name: created_before!
AND created_at < :created_before
