-- name: close_project!
-- Each acceptance counts up what the closed one may not have, and holds this row until its commit.
INSERT INTO schedules (project_id, next_slot, closed)
VALUES (:target, 1, true)
ON CONFLICT (project_id) DO UPDATE SET closed = true, accepted = 0

-- name: find_running
SELECT FROM async_actions
WHERE project_id = :project_id AND id = :action_id AND status IN ('ENQUEUED', 'IN_PROGRESS')
