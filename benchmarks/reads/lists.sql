-- name: put_actions!
-- Ended ones, a second apart: one in a thousand has failed, one in a hundred is an orders import, one in ten a retry.
INSERT INTO async_actions (
    project_id, id, type, status, operation_status, request_id, source, total_count, done_count, unprocessed_count,
    open_batches, ended_by, parent_id, created_at, updated_at, started_at, finished_at
)
SELECT
    1, 'aa_' || lpad(to_hex(number), 18, '0'),
    CASE WHEN mod(number, 100) = 0 THEN 'ORDERS.IMPORT' ELSE 'VOUCHERS.IMPORT_CSV' END,
    CASE WHEN failed THEN 'FAILED' ELSE 'DONE' END, CASE WHEN failed THEN 'FAILED' ELSE 'SUCCESS' END,
    'v-' || number, '{}', 3, CASE WHEN failed THEN 0 ELSE 3 END, CASE WHEN failed THEN 3 ELSE 0 END,
    0, CASE WHEN failed THEN 'CANCELED' ELSE 'COMPLETED' END,
    CASE WHEN mod(number, 10) = 0 THEN 'aa_' || lpad(to_hex(number - 9), 18, '0') END, created_at, created_at,
    created_at, created_at
FROM generate_series(1, :actions) AS number,
    LATERAL (SELECT '2026-01-01Z'::timestamptz + make_interval(secs => number) AS created_at,
        mod(number, 1000) = 0 AS failed) AS made

-- name: created_at
SELECT created_at FROM async_actions WHERE project_id = 1 AND id = 'aa_' || lpad(to_hex(:number::bigint), 18, '0')
