-- Every statement here takes a small step, of ended actions and of uploads that broke off only, and leaves alone what
-- another worker has locked. What a step takes is picked AS MATERIALIZED: a plan may run a sub-select again and again, and
-- each time it would lock and take others.

-- name: begin_removing_actions
-- From now on nothing of them is said to be kept; they go once their rows are gone.
WITH old AS MATERIALIZED (
    SELECT project_id, id, finished_at
    FROM async_actions
    WHERE finished_at >= :since::timestamptz
        AND finished_at < statement_timestamp() - :age::interval
        AND status IN ('DONE', 'FAILED')
        AND NOT EXISTS (
            SELECT FROM removals
            WHERE removals.project_id = async_actions.project_id AND action_id = async_actions.id AND everything
        )
    ORDER BY finished_at
    LIMIT :step
    FOR UPDATE SKIP LOCKED
), marked AS (
    UPDATE async_actions AS actions
    SET failures_kept = false, report_kept = false
    FROM old
    WHERE actions.project_id = old.project_id AND actions.id = old.id
    RETURNING actions.project_id, actions.id, actions.finished_at
), begun AS (
    INSERT INTO removals (project_id, action_id, everything)
    SELECT project_id, id, true FROM marked
    ON CONFLICT (project_id, action_id) DO UPDATE SET everything = true
)
SELECT count(*) AS count, max(finished_at) AS newest FROM marked

-- name: begin_removing_failures
WITH old AS MATERIALIZED (
    SELECT project_id, id, finished_at
    FROM async_actions
    WHERE failures_kept
        AND finished_at >= :since::timestamptz
        AND finished_at < statement_timestamp() - :age::interval
        AND status IN ('DONE', 'FAILED')
    ORDER BY finished_at
    LIMIT :step
    FOR UPDATE SKIP LOCKED
), marked AS (
    UPDATE async_actions AS actions
    SET failures_kept = false
    FROM old
    WHERE actions.project_id = old.project_id AND actions.id = old.id
    RETURNING actions.project_id, actions.id, actions.finished_at
), begun AS (
    INSERT INTO removals (project_id, action_id, everything)
    SELECT project_id, id, false FROM marked
    ON CONFLICT DO NOTHING
)
SELECT count(*) AS count, max(finished_at) AS newest FROM marked

-- name: begin_removing_reports
-- Most types have no report: for them the mark is all there is to do.
WITH old AS MATERIALIZED (
    SELECT project_id, id, finished_at
    FROM async_actions
    WHERE report_kept
        AND finished_at >= :since::timestamptz
        AND finished_at < statement_timestamp() - :age::interval
        AND status IN ('DONE', 'FAILED')
    ORDER BY finished_at
    LIMIT :step
    FOR UPDATE SKIP LOCKED
), marked AS (
    UPDATE async_actions AS actions
    SET report_kept = false
    FROM old
    WHERE actions.project_id = old.project_id AND actions.id = old.id
    RETURNING actions.project_id, actions.id, actions.finished_at
), begun AS (
    INSERT INTO removals (project_id, action_id, everything)
    SELECT project_id, id, false
    FROM marked
    WHERE EXISTS (SELECT FROM report_parts AS part WHERE part.project_id = marked.project_id AND part.action_id = id)
    ON CONFLICT DO NOTHING
)
SELECT count(*) AS count, max(finished_at) AS newest FROM marked

-- name: begin_removing_uploads
-- Nobody can accept them any more, nor add to them: both need the row that is taken away here.
WITH broken AS MATERIALIZED (
    SELECT project_id, action_id
    FROM uploads
    WHERE touched_at < statement_timestamp() - :age::interval
    LIMIT :step
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM uploads
    USING broken
    WHERE uploads.project_id = broken.project_id AND uploads.action_id = broken.action_id
    RETURNING uploads.project_id, uploads.action_id
), begun AS (
    INSERT INTO removals (project_id, action_id, everything)
    SELECT project_id, action_id, true FROM gone
    ON CONFLICT DO NOTHING
)
SELECT count(*) AS count FROM gone

-- name: claim_removals
SELECT project_id, action_id
FROM removals
WHERE (project_id, action_id) > (:after_project_id, :after_action_id)
ORDER BY project_id, action_id
LIMIT :step
FOR UPDATE SKIP LOCKED

-- name: delete_failures!
WITH picked AS MATERIALIZED (
    SELECT failures.project_id, failures.action_id, failures."row"
    FROM unnest(:project_ids::bigint[], :action_ids::text[]) AS claimed (project_id, action_id)
    JOIN async_actions AS actions ON actions.project_id = claimed.project_id AND actions.id = claimed.action_id
    JOIN failures ON failures.project_id = claimed.project_id AND failures.action_id = claimed.action_id
    WHERE actions.status IN ('DONE', 'FAILED') AND NOT actions.failures_kept
    LIMIT :step
)
DELETE FROM failures
WHERE (project_id, action_id, "row") IN (SELECT project_id, action_id, "row" FROM picked)

-- name: delete_reason_counts!
WITH picked AS MATERIALIZED (
    SELECT counts.project_id, counts.action_id, counts.digest
    FROM unnest(:project_ids::bigint[], :action_ids::text[]) AS claimed (project_id, action_id)
    JOIN async_actions AS actions ON actions.project_id = claimed.project_id AND actions.id = claimed.action_id
    JOIN reason_counts AS counts ON counts.project_id = claimed.project_id AND counts.action_id = claimed.action_id
    WHERE actions.status IN ('DONE', 'FAILED') AND NOT actions.failures_kept
    LIMIT :step
)
DELETE FROM reason_counts
WHERE (project_id, action_id, digest) IN (SELECT project_id, action_id, digest FROM picked)

-- name: delete_batches!
-- As many as there are bytes for, and one more: how large they are is known without reading them. Those of an upload that
-- broke off have no action.
WITH free AS MATERIALIZED (
    SELECT batches.project_id, batches.action_id, batches.first_row, octet_length(batches.body) AS size
    FROM unnest(:project_ids::bigint[], :action_ids::text[]) AS claimed (project_id, action_id)
    JOIN batches ON batches.project_id = claimed.project_id AND batches.action_id = claimed.action_id
    LEFT JOIN async_actions AS actions ON actions.project_id = claimed.project_id AND actions.id = claimed.action_id
    WHERE (actions.id IS NULL OR (actions.status IN ('DONE', 'FAILED') AND NOT actions.failures_kept))
        AND NOT EXISTS (
            SELECT FROM uploads
            WHERE uploads.project_id = claimed.project_id AND uploads.action_id = claimed.action_id
        )
    LIMIT :step
    FOR UPDATE OF batches SKIP LOCKED
), measured AS (
    SELECT project_id, action_id, first_row, sum(size) OVER (ROWS UNBOUNDED PRECEDING) - size AS bytes_before
    FROM free
)
DELETE FROM batches
WHERE (project_id, action_id, first_row) IN (
    SELECT project_id, action_id, first_row FROM measured WHERE bytes_before < :bytes
)

-- name: delete_report_parts!
WITH free AS MATERIALIZED (
    SELECT parts.project_id, parts.action_id, parts.first_row, octet_length(parts.body) AS size
    FROM unnest(:project_ids::bigint[], :action_ids::text[]) AS claimed (project_id, action_id)
    JOIN async_actions AS actions ON actions.project_id = claimed.project_id AND actions.id = claimed.action_id
    JOIN report_parts AS parts ON parts.project_id = claimed.project_id AND parts.action_id = claimed.action_id
    WHERE actions.status IN ('DONE', 'FAILED') AND NOT actions.report_kept
    LIMIT :step
), measured AS (
    SELECT project_id, action_id, first_row, sum(size) OVER (ROWS UNBOUNDED PRECEDING) - size AS bytes_before
    FROM free
)
DELETE FROM report_parts
WHERE (project_id, action_id, first_row) IN (
    SELECT project_id, action_id, first_row FROM measured WHERE bytes_before < :bytes
)

-- name: delete_bare_actions!
-- None is while a worker has a batch of it in hand, which it will have to give up.
WITH bare AS (
    SELECT actions.project_id, actions.id
    FROM unnest(:project_ids::bigint[], :action_ids::text[]) AS claimed (project_id, action_id)
    JOIN removals ON removals.project_id = claimed.project_id AND removals.action_id = claimed.action_id
    JOIN async_actions AS actions ON actions.project_id = claimed.project_id AND actions.id = claimed.action_id
    WHERE removals.everything
        AND actions.status IN ('DONE', 'FAILED')
        AND NOT EXISTS (
            SELECT FROM batches WHERE batches.project_id = actions.project_id AND batches.action_id = actions.id
        )
        AND NOT EXISTS (
            SELECT FROM failures WHERE failures.project_id = actions.project_id AND failures.action_id = actions.id
        )
        AND NOT EXISTS (
            SELECT FROM reason_counts AS counts
            WHERE counts.project_id = actions.project_id AND counts.action_id = actions.id
        )
        AND NOT EXISTS (
            SELECT FROM report_parts AS parts
            WHERE parts.project_id = actions.project_id AND parts.action_id = actions.id
        )
    FOR UPDATE OF actions SKIP LOCKED
)
DELETE FROM async_actions WHERE (project_id, id) IN (SELECT project_id, id FROM bare)

-- name: finish_removals!
-- Those of whole actions once they are gone, others once nothing is left that is not kept.
DELETE FROM removals
WHERE (project_id, action_id) IN (SELECT * FROM unnest(:project_ids::bigint[], :action_ids::text[]))
    AND NOT EXISTS (
        SELECT
        FROM batches
        LEFT JOIN async_actions AS actions
            ON actions.project_id = batches.project_id AND actions.id = batches.action_id
        WHERE batches.project_id = removals.project_id
            AND batches.action_id = removals.action_id
            AND (removals.everything OR NOT actions.failures_kept)
    )
    AND NOT EXISTS (
        SELECT
        FROM async_actions AS actions
        WHERE actions.project_id = removals.project_id
            AND actions.id = removals.action_id
            AND (
                removals.everything
                OR NOT actions.failures_kept AND EXISTS (
                    SELECT FROM failures
                    WHERE failures.project_id = actions.project_id AND failures.action_id = actions.id
                )
                OR NOT actions.failures_kept AND EXISTS (
                    SELECT FROM reason_counts AS counts
                    WHERE counts.project_id = actions.project_id AND counts.action_id = actions.id
                )
                OR NOT actions.report_kept AND EXISTS (
                    SELECT FROM report_parts AS parts
                    WHERE parts.project_id = actions.project_id AND parts.action_id = actions.id
                )
            )
    )

-- name: delete_attempts!
WITH picked AS MATERIALIZED (
    SELECT attempts.project_id, attempts.action_id, attempts.first_row
    FROM attempts
    LEFT JOIN async_actions AS actions ON actions.project_id = attempts.project_id AND actions.id = attempts.action_id
    WHERE actions.status IS NULL OR actions.status IN ('DONE', 'FAILED')
    LIMIT :step
    FOR UPDATE OF attempts SKIP LOCKED
)
DELETE FROM attempts
WHERE (project_id, action_id, first_row) IN (SELECT project_id, action_id, first_row FROM picked)

-- name: delete_dry_run_keys!
-- From action to action along the index: a dry run that still goes on may hold millions of keys.
WITH RECURSIVE holders AS MATERIALIZED (
    (SELECT project_id, action_id FROM dry_run_keys ORDER BY project_id, action_id LIMIT 1)
    UNION ALL
    SELECT next.project_id, next.action_id
    FROM holders
    CROSS JOIN LATERAL (
        SELECT project_id, action_id
        FROM dry_run_keys
        WHERE (project_id, action_id) > (holders.project_id, holders.action_id)
        ORDER BY project_id, action_id
        LIMIT 1
    ) AS next
), leftover AS MATERIALIZED (
    SELECT keys.project_id, keys.action_id, keys.key
    FROM holders
    JOIN dry_run_keys AS keys ON keys.project_id = holders.project_id AND keys.action_id = holders.action_id
    LEFT JOIN async_actions AS actions ON actions.project_id = holders.project_id AND actions.id = holders.action_id
    WHERE actions.status IS NULL OR actions.status IN ('DONE', 'FAILED')
    LIMIT :step
    FOR UPDATE OF keys SKIP LOCKED
)
DELETE FROM dry_run_keys WHERE (project_id, action_id, key) IN (SELECT project_id, action_id, key FROM leftover)

-- name: delete_idempotency_keys!
WITH picked AS MATERIALIZED (
    SELECT keys.project_id, keys.key
    FROM idempotency_keys AS keys
    WHERE keys.created_at < statement_timestamp() - :age::interval
        AND NOT EXISTS (
            SELECT FROM async_actions AS actions
            WHERE actions.project_id = keys.project_id
                AND actions.id = keys.action_id
                AND actions.status IN ('ENQUEUED', 'IN_PROGRESS')
        )
    ORDER BY keys.created_at
    LIMIT :step
    FOR UPDATE OF keys SKIP LOCKED
)
DELETE FROM idempotency_keys
WHERE (project_id, key) IN (SELECT project_id, key FROM picked)
