-- name: lock_metadata
SELECT code, metadata, campaign_id FROM vouchers WHERE project_id = :project_id AND code = ANY (:codes) ORDER BY code FOR UPDATE

-- name: campaigns_with_own_schema
SELECT id FROM campaigns
WHERE project_id = :project_id AND settings -> 'use_voucher_metadata_schema' = 'false'

-- name: set_metadata!
UPDATE vouchers
SET metadata = given.metadata::jsonb, updated_at = :now
FROM unnest(:codes::text[], :metadata::text[]) AS given (code, metadata)
WHERE vouchers.project_id = :project_id AND vouchers.code = given.code

-- name: add_metadata
UPDATE vouchers
SET metadata = metadata || :metadata, updated_at = :now
WHERE project_id = :project_id AND code = ANY (:codes)
RETURNING code

-- name: plan_purge!
INSERT INTO portions (project_id, action_id, first_row, row_count, body)
SELECT
    :project_id, :action_id, min(number), count(*),
    convert_to(json_build_object('first', min(code), 'last', max(code))::text, 'UTF8')
FROM (
    SELECT code, row_number() OVER (ORDER BY code) AS number
    FROM vouchers
    WHERE project_id = :project_id AND metadata ? :key
) AS numbered
GROUP BY (number - 1) / :rows

-- name: apply_purge!
UPDATE vouchers
SET metadata = metadata - :key::text, updated_at = :now
WHERE project_id = :project_id AND code BETWEEN :first AND :last AND metadata ? :key
