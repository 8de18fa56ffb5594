-- name: wait_for_generators
-- Those that make codes of one space go one after another: each writes in several steps, in which two would meet in a
-- circle. The lock lasts until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('codes ' || :space, :project_id))

-- name: free_codes
SELECT drawn.code
FROM unnest(:codes::text[]) AS drawn (code)
WHERE NOT EXISTS (SELECT FROM vouchers WHERE vouchers.project_id = :project_id AND vouchers.code = drawn.code)
