-- name: lock_metadata
SELECT code, metadata, campaign_id FROM vouchers WHERE project_id = :project_id AND code = ANY (:codes) ORDER BY code FOR UPDATE

-- name: campaigns_with_own_schema
SELECT id FROM campaigns
WHERE project_id = :project_id AND settings -> 'use_voucher_metadata_schema' = 'false'

-- name: set_metadata!
UPDATE vouchers
SET metadata = changed.metadata::jsonb, updated_at = :timestamp
FROM unnest(:codes::text[], :metadata::text[]) AS changed (code, metadata)
WHERE vouchers.project_id = :project_id AND vouchers.code = changed.code

-- name: add_metadata
UPDATE vouchers
SET metadata = metadata || :metadata, updated_at = :timestamp
WHERE project_id = :project_id AND code = ANY (:codes)
RETURNING code
