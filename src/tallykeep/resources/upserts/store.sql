-- The statements of every upserted resource. {table}, {stage} and {columns} are filled from its declaration.

-- name: create_stage!
-- Its columns have the types and collations of the table's, and none of its constraints.
CREATE TEMPORARY TABLE IF NOT EXISTS {stage}
ON COMMIT DELETE ROWS
AS SELECT false AS is_new, id, source_id, {columns} FROM {table} WITH NO DATA

-- name: clear_stage!
DELETE FROM {stage}

-- name: copy_stage!
COPY {stage} FROM STDIN

-- name: lock_by_source_id
SELECT * FROM {table} WHERE project_id = :project_id AND source_id = ANY (:keys) ORDER BY source_id FOR UPDATE

-- name: lock_by_id
SELECT * FROM {table} WHERE project_id = :project_id AND id = ANY (:keys) ORDER BY id FOR UPDATE

-- name: insert_staged!
INSERT INTO {table} (project_id, id, source_id, {columns}, created_at)
SELECT :project_id, id, source_id, {columns}, {timestamp}
FROM {stage}
WHERE is_new
ORDER BY source_id, id
ON CONFLICT DO NOTHING

-- name: update_staged!
UPDATE {table}
SET ({columns}) = ({staged_columns}), updated_at = stage.written_at
FROM (SELECT *, {timestamp} AS written_at FROM {stage} WHERE NOT is_new) AS stage
WHERE {table}.project_id = :project_id AND {table}.id = stage.id

-- name: create_changes!
CREATE TEMPORARY TABLE IF NOT EXISTS {changes}
ON COMMIT DELETE ROWS
AS SELECT source_id, id, 0::bigint AS "row", {columns} FROM {table} WITH NO DATA

-- name: clear_changes!
DELETE FROM {changes}

-- name: copy_changes!
COPY {changes} FROM STDIN

-- name: earlier_open_batches
SELECT first_row
FROM batches
WHERE project_id = :project_id AND action_id = :action_id AND status = 'OPEN' AND first_row < :first_row

-- name: take_out_unchecked
-- Takes out the changes of resources that have metadata which the schema says something of and the change leaves as it
-- is: whether that still can be taken has to be seen. Others can add to it meanwhile, but only what the schema takes.
-- An array of keys is looked up, however many resources the project has; a join may go through all of these. Of changes
-- that have every key there is nothing to look up, unless the schema speaks of others.
WITH present AS MATERIALIZED (
    SELECT source_id, metadata
    FROM {table}
    WHERE project_id = :project_id
        AND source_id = ANY (ARRAY(
            SELECT source_id
            FROM {changes}
            WHERE :only_defined
                OR cardinality(:elsewhere::text[]) > 0
                OR NOT coalesce(metadata, '{{}}') ?& :columns::text[]
        ))
)
DELETE FROM {changes} AS changes
USING present
WHERE present.source_id = changes.source_id
    -- Put so that the planner does not guess how many pass: where it expects one, it may compare each with each.
    AND CASE
        WHEN present.metadata ?| :elsewhere::text[] THEN true
        WHEN present.metadata ?| :columns::text[] AND NOT coalesce(changes.metadata, '{{}}') ?& :columns::text[] THEN true
        ELSE :only_defined AND present.metadata - :defined::text[] <> '{{}}'
    END
RETURNING changes."row"

-- name: take_out_incomplete
-- Takes out the changes of what is not there, or is itself not complete; the others are locked, so that they stay.
WITH complete AS (
    SELECT source_id
    FROM {table}
    WHERE project_id = :project_id AND source_id = ANY (ARRAY(SELECT source_id FROM {changes})) AND {complete}
    ORDER BY source_id
    FOR UPDATE
)
DELETE FROM {changes}
WHERE (source_id IN (SELECT source_id FROM complete)) IS NOT TRUE
RETURNING "row"

-- name: take_out_rows!
DELETE FROM {changes} WHERE "row" = ANY (:rows)

-- name: merge_changes!
-- No key occurs twice; NULL, or a column's default, stands for what the row does not say.
-- In key order, so that two batches that share keys wait for each other and never in a circle.
INSERT INTO {table} AS present (project_id, id, source_id, {columns}, created_at)
SELECT :project_id, id, source_id, {inserted}, {timestamp_of_change}
FROM {changes} {with_referred}
ORDER BY source_id
ON CONFLICT (project_id, source_id) DO UPDATE SET {merged}, updated_at = excluded.created_at

-- name: with_referred!
LEFT JOIN unnest(string_to_array(:keys, chr(10)), string_to_array(:referred_ids, chr(10))) AS referred (key, referred_id)
    ON key = {column}

-- name: id_of_referred!
-- None where the file does not name any, and then each row is there already. PostgreSQL demands one nevertheless.
coalesce(referred_id, '')

-- name: lock_referred
SELECT id, source_id
FROM {referred}
WHERE project_id = :project_id
    AND (id = ANY (string_to_array(:keys, chr(10))) OR source_id = ANY (string_to_array(:keys, chr(10))))
ORDER BY id
FOR KEY SHARE

-- name: created_by_changes
-- How many got one of the changes' own ids, and which, unless that is all of those merged. To have every written one
-- returned would take a sixth longer.
SELECT count(*) AS count, CASE WHEN count(*) < :merged THEN array_agg(source_id) END AS source_ids
FROM {table}
WHERE project_id = :project_id AND id BETWEEN :first_id AND :last_id

-- name: insert_changes!
-- In key order, like all that writes several of these. What they refer to stands there by its id.
INSERT INTO {table} (project_id, id, source_id, {columns}, created_at)
SELECT :project_id, id, source_id, {resolved}, {timestamp_of_change}
FROM {changes}
ORDER BY source_id, id
ON CONFLICT (project_id, source_id) DO NOTHING

-- name: copy_new!
COPY {table} (project_id, id, source_id, {columns}, created_at) FROM STDIN

-- name: lock_changed
-- Those that were there before insert_changes.
SELECT present.source_id, present.id
FROM {table} AS present
JOIN {changes} AS changes ON changes.source_id = present.source_id
WHERE present.project_id = :project_id AND present.id <> changes.id AND changes.source_id <> ALL (string_to_array(:kept, chr(10)))
ORDER BY present.source_id
FOR UPDATE OF present

-- name: kept_by_changes
-- Those that were there before and stay as they are.
SELECT present.source_id, present.id
FROM {table} AS present
JOIN {changes} AS changes ON changes.source_id = present.source_id
WHERE present.project_id = :project_id AND present.id <> changes.id AND changes.source_id = ANY (string_to_array(:kept, chr(10)))

-- name: update_changed!
-- NULL stands for what the change does not say.
UPDATE {table} AS present
SET {changed}, updated_at = {timestamp_of_change}
FROM {changes} AS changes
WHERE present.project_id = :project_id
    AND present.source_id = changes.source_id
    AND present.id <> changes.id
    AND changes.source_id <> ALL (string_to_array(:besides, chr(10)))

-- name: changed!
{column} = coalesce(changes.{column}, present.{column})

-- name: changed_by_adding!
{column} = coalesce(present.{column} || changes.{column}, changes.{column}, present.{column})

-- name: value_or_default!
coalesce({column}, {default})

-- name: replaced!
{column} = coalesce(excluded.{column}, present.{column})

-- name: is_there!
{column} IS NOT NULL

-- name: anything!
true

-- name: replaced_unless_default!
{column} = coalesce(nullif(excluded.{column}, {default}), present.{column})

-- name: added_to!
{column} = coalesce(present.{column} || excluded.{column}, excluded.{column}, present.{column})

-- name: shared_timestamp!
(:timestamp)

-- name: timestamp_of_its_own!
-- Lists that continue after a timestamp need a timestamp for each resource, a microsecond apart.
(:exact_timestamp::timestamptz + (row_number() OVER (ORDER BY id) - 1) * interval '1 microsecond')

-- name: timestamp_of_its_own_row!
(:exact_timestamp::timestamptz + ("row" - :first_row) * interval '1 microsecond')

-- name: every_one!
SELECT * FROM {table} WHERE project_id = :project_id

-- name: of_one_value!
AND {column} = {value}

-- name: get_by_id_or_source_id
SELECT * FROM {table} WHERE project_id = :project_id AND (id = :key OR source_id = :key)
ORDER BY (id = :key) DESC LIMIT 1

-- name: delete_one
DELETE FROM {table} WHERE project_id = :project_id AND id = :key RETURNING *
