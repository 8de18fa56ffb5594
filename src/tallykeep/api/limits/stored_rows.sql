-- name: count_stored
-- By one snapshot, because rows move from one count to the other: resources, and rows that were accepted and have no outcome
-- yet. Planned actions have none of these, but for codes to be generated. {tables} is filled in.
SELECT
    (SELECT count(*) FROM ({tables}) AS resources)
    + (
        SELECT coalesce(sum(open_count), 0)::bigint
        FROM async_actions
        WHERE project_id = :project_id
            AND status IN ('ENQUEUED', 'IN_PROGRESS')
            AND (source ->> 'format' <> 'planned' OR source #> '{{parameters,count}}' IS NOT NULL)
    ) AS stored

-- name: of_table
-- Along an index by project, and not much further than it matters.
(SELECT 1 FROM {table} WHERE project_id = :project_id LIMIT :maximum)
