-- The statements that write vouchers. {columns}, {inserted} and {merged} are filled from the list of fields.

-- name: create_stage!
-- Its columns have the types and collations of the table's, and none of its constraints.
CREATE TEMPORARY TABLE IF NOT EXISTS voucher_stage
ON COMMIT DELETE ROWS
AS SELECT code, id, type, {columns}, 0::bigint AS "row", ''::text AS cleared FROM vouchers WITH NO DATA

-- name: copy_stage!
-- By name: a session of a pooler may still have the stage of an earlier version.
COPY voucher_stage (code, id, type, {columns}, "row", cleared) FROM STDIN

-- name: copy_new!
COPY vouchers (project_id, created_at, code, id, type, {columns}) FROM STDIN (DEFAULT '\D')

-- name: existing_codes
SELECT vouchers.project_id, vouchers.code
FROM unnest(:project_ids::bigint[], :codes::text[]) AS each (project_id, code)
JOIN vouchers ON vouchers.project_id = each.project_id AND vouchers.code = each.code

-- name: clear_stage!
DELETE FROM voucher_stage

-- name: insert_staged!
-- In key order, so that two batches that share keys wait for each other and never in a circle.
INSERT INTO vouchers (project_id, code, id, type, {columns}, created_at)
SELECT :project_id, code, id, type, {inserted}, :timestamp
FROM voucher_stage
ORDER BY code
ON CONFLICT (project_id, code) DO NOTHING

-- name: inserted_codes
SELECT stage.code
FROM voucher_stage AS stage
JOIN vouchers ON vouchers.project_id = :project_id AND vouchers.code = stage.code AND vouchers.id = stage.id
ORDER BY stage."row"

-- name: lock_existing
SELECT
    stage."row", vouchers.type, stage.type AS staged_type, vouchers.campaign_id,
    coalesce(
        (stage.start_date IS NOT NULL OR stage.expiration_date IS NOT NULL)
        AND CASE WHEN 'expiration_date' = ANY (nulled) THEN NULL
            ELSE coalesce(stage.expiration_date, vouchers.expiration_date) END
        < CASE WHEN 'start_date' = ANY (nulled) THEN NULL ELSE coalesce(stage.start_date, vouchers.start_date) END,
        false
    ) AS ends_before_start
FROM voucher_stage AS stage
CROSS JOIN LATERAL string_to_array(stage.cleared, ',') AS nulled
JOIN vouchers ON vouchers.project_id = :project_id AND vouchers.code = stage.code
WHERE vouchers.id <> stage.id
ORDER BY vouchers.code
FOR UPDATE OF vouchers

-- name: drop_staged!
DELETE FROM voucher_stage WHERE "row" = ANY (:rows)

-- name: update_existing!
UPDATE vouchers
SET {merged}, updated_at = :timestamp
FROM voucher_stage AS stage, LATERAL string_to_array(stage.cleared, ',') AS nulled
WHERE vouchers.project_id = :project_id
    AND vouchers.code = stage.code
    AND vouchers.id <> stage.id

-- name: lock_by_code
SELECT code, type, start_date, expiration_date
FROM vouchers
WHERE project_id = :project_id AND code = ANY (:codes)
ORDER BY code
FOR UPDATE

-- The value of a new voucher's column, and the new values of an existing voucher's column.

-- name: value_or_default!
coalesce({column}, {default})

-- name: replaced!
{column} = CASE WHEN {name} = ANY (nulled) THEN {default} ELSE coalesce(stage.{column}, vouchers.{column}) END

-- name: added_to!
{column} = coalesce(vouchers.{column} || stage.{column}, stage.{column}, vouchers.{column})
