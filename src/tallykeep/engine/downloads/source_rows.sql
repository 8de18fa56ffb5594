-- name: batches_of_rows
SELECT first_row, row_count, body, uncompressed_size, lines, broken
FROM batches
WHERE project_id = :project_id
    AND action_id = :action_id
    AND first_row > :after
    AND first_row <= :last
    AND EXISTS (
        SELECT FROM unnest(:rows::bigint[]) AS wanted (number)
        WHERE number >= batches.first_row AND number < batches.first_row + batches.row_count
    )
ORDER BY first_row
LIMIT :limit

-- name: next_batches
SELECT first_row, row_count, body, uncompressed_size, lines, broken
FROM batches
WHERE project_id = :project_id AND action_id = :action_id AND first_row > :after
ORDER BY first_row
LIMIT :limit

-- name: are_rows_kept
SELECT failures_kept FROM async_actions WHERE project_id = :project_id AND id = :action_id
