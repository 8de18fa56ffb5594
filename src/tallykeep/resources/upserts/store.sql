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
DELETE FROM {changes} AS changes
USING {table} AS present
WHERE present.project_id = :project_id
    AND present.source_id = changes.source_id
    AND (
        present.metadata ?| :elsewhere::text[]
        OR (present.metadata ?| :columns::text[] AND NOT coalesce(changes.metadata, '{{}}') ?& :columns::text[])
        OR (:only_defined AND present.metadata - :defined::text[] <> '{{}}')
    )
RETURNING changes."row"

-- name: merge_changes!
-- No key occurs twice; NULL, or a column's default, stands for what the row does not say.
-- In key order, so that two batches that share keys wait for each other and never in a circle.
INSERT INTO {table} AS present (project_id, id, source_id, {columns}, created_at)
SELECT :project_id, id, source_id, {inserted}, {timestamp_of_change}
FROM {changes}
ORDER BY source_id
ON CONFLICT (project_id, source_id) DO UPDATE SET {merged}, updated_at = excluded.created_at

-- name: created_by_changes
-- Those that got one of the changes' own ids. To have every written one returned would take a sixth longer.
SELECT source_id FROM {table} WHERE project_id = :project_id AND id BETWEEN :first_id AND :last_id

-- name: insert_changes!
-- In key order, like all that writes several of these.
INSERT INTO {table} (project_id, id, source_id, {columns}, created_at)
SELECT :project_id, id, source_id, {inserted}, {timestamp_of_change}
FROM {changes}
ORDER BY source_id, id
ON CONFLICT (project_id, source_id) DO NOTHING

-- name: copy_new!
COPY {table} (project_id, id, source_id, {columns}, created_at) FROM STDIN

-- name: lock_changed
-- Those that were there before insert_changes.
SELECT present.id, present.source_id
FROM {table} AS present
JOIN {changes} AS changes ON changes.source_id = present.source_id
WHERE present.project_id = :project_id AND present.id <> changes.id AND changes.source_id <> ALL (:kept::text[])
ORDER BY present.source_id
FOR UPDATE OF present

-- name: kept_by_changes
-- Those that were there before and stay as they are.
SELECT present.id, present.source_id
FROM {table} AS present
JOIN {changes} AS changes ON changes.source_id = present.source_id
WHERE present.project_id = :project_id AND present.id <> changes.id AND changes.source_id = ANY (:kept::text[])

-- name: update_changed!
-- NULL stands for what the change does not say.
UPDATE {table} AS present
SET {changed}, updated_at = {timestamp_of_change}
FROM {changes} AS changes
WHERE present.project_id = :project_id
    AND present.source_id = changes.source_id
    AND present.id <> changes.id
    AND changes.source_id <> ALL (:besides::text[])

-- name: changed!
{column} = coalesce(changes.{column}, present.{column})

-- name: changed_by_adding!
{column} = coalesce(present.{column} || changes.{column}, changes.{column}, present.{column})

-- name: value_or_default!
coalesce({column}, {default})

-- name: replaced!
{column} = coalesce(excluded.{column}, present.{column})

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
