-- name: portions_of_rows
SELECT first_row, row_count, body, lines, broken
FROM portions
WHERE project_id = :project_id
    AND action_id = :action_id
    AND first_row > :after
    AND first_row <= :last
    AND EXISTS (
        SELECT FROM unnest(:rows::bigint[]) AS wanted (number)
        WHERE number >= portions.first_row AND number < portions.first_row + portions.row_count
    )
ORDER BY first_row
LIMIT :limit

-- name: next_portions
SELECT first_row, row_count, body, lines, broken
FROM portions
WHERE project_id = :project_id AND action_id = :action_id AND first_row > :after
ORDER BY first_row
LIMIT :limit

-- name: are_rows_kept
SELECT failures_kept FROM async_actions WHERE project_id = :project_id AND id = :action_id
