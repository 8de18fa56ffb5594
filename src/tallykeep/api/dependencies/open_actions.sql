-- name: count_accepted
-- Of the project since there were any.
SELECT accepted FROM schedules WHERE project_id = :project_id

-- name: count_open
-- Along the index of unfinished actions, and no further than it matters.
SELECT count(*) AS open
FROM (
    SELECT FROM async_actions
    WHERE project_id = :project_id AND status IN ('ENQUEUED', 'IN_PROGRESS')
    LIMIT :maximum
) AS unfinished
