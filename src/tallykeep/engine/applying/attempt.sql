-- name: get_failed_count
SELECT failed_count
FROM async_actions
WHERE project_id = :project_id AND id = :action_id AND status IN ('ENQUEUED', 'IN_PROGRESS')

-- name: next_batch
SELECT first_row, row_count, body, uncompressed_size, lines, broken
FROM batches
WHERE project_id = :project_id AND action_id = :action_id AND first_row > :first_row
ORDER BY first_row
LIMIT 1

-- name: wait_for_earlier_batches
-- Waits for the transaction that holds the batch before; one that is still open afterwards was rolled back.
-- Shared, and only the last one: locking several in order could meet another waiter head on. It is waited for longer
-- than the rows of others: its owner ends before long, or gives it back.
SELECT first_row
FROM set_config('lock_timeout', :timeout, true), batches
WHERE project_id = :project_id AND action_id = :action_id AND status = 'OPEN' AND first_row < :first_row
ORDER BY first_row DESC
LIMIT 1
FOR SHARE OF batches

-- name: earlier_open_batch
-- From here on it is the rows of others that may be waited for.
SELECT
    EXISTS (
        SELECT FROM batches
        WHERE project_id = :project_id AND action_id = :action_id AND status = 'OPEN' AND first_row < :first_row
    ) AS is_there,
    set_config('lock_timeout', :lock_timeout, true) AS lock_timeout

-- name: keys_of_earlier_batches
SELECT key FROM dry_run_keys WHERE project_id = :project_id AND action_id = :action_id AND key = ANY (:keys)

-- name: add_dry_run_keys!
INSERT INTO dry_run_keys (project_id, action_id, key)
SELECT :project_id, :action_id, key FROM unnest(:keys::text[]) AS key
ON CONFLICT DO NOTHING
