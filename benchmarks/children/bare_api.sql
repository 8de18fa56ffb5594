-- name: get_action
SELECT id, type, status, total_count, done_count, failed_count, created_at, updated_at
FROM async_actions
WHERE project_id = :project_id AND id = :id

-- name: create_bodies!
CREATE TABLE IF NOT EXISTS bench_bodies (
    project_id bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    body bytea NOT NULL,
    PRIMARY KEY (project_id, id)
)

-- name: drop_bodies!
DROP TABLE bench_bodies

-- name: add_body!
INSERT INTO bench_bodies (project_id, body) VALUES (:project_id, :body)

-- name: applied_actions
-- How many are done and how many are not, the seconds from the first acceptance to the last end, and the 99th percentile.
SELECT
    count(*) FILTER (WHERE status = 'DONE' AND failed_count = 0),
    count(*) FILTER (WHERE status <> 'DONE' OR failed_count > 0),
    extract(epoch FROM max(finished_at) - min(created_at))::float8,
    extract(epoch FROM percentile_cont(0.99) WITHIN GROUP (ORDER BY finished_at - created_at))::float8
FROM async_actions
