-- name: delete_portion!
DELETE FROM portions WHERE project_id = :project_id AND action_id = :action_id AND first_row = :first_row

-- name: add_part_of_portion!
WITH part AS (
    INSERT INTO portions (project_id, action_id, first_row, row_count, body)
    VALUES (:project_id, :action_id, :first_row, :row_count, :body)
)
INSERT INTO attempts (project_id, action_id, first_row, attempts)
VALUES (:project_id, :action_id, :first_row, :attempts)
ON CONFLICT (project_id, action_id, first_row) DO UPDATE SET attempts = excluded.attempts

-- name: add_open_portions!
UPDATE async_actions SET open_portions = open_portions + :more WHERE project_id = :project_id AND id = :action_id
