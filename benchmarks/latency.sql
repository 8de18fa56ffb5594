-- name: status_of_job
SELECT status FROM procrastinate_jobs WHERE id = :id

-- name: delete_bare_jobs!
DELETE FROM procrastinate_jobs WHERE queue_name = :queue

-- name: giant_left
SELECT true FROM async_actions
WHERE project_id = :project_id AND id = ANY (:ids) AND status IN ('ENQUEUED', 'IN_PROGRESS')
LIMIT 1
