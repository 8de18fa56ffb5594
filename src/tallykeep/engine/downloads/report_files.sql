-- name: get_type
SELECT type, to_timestamp(:till) < statement_timestamp() AS expired
FROM async_actions
WHERE project_id = :project_id AND id = :action_id AND report_kept

-- name: next_report_part
SELECT first_row, body
FROM report_parts
WHERE project_id = :project_id AND action_id = :action_id AND first_row > :after
ORDER BY first_row
LIMIT 1
