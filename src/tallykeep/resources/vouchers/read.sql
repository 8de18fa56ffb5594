-- name: get_voucher
SELECT vouchers.*, (SELECT name FROM campaigns WHERE campaigns.project_id = vouchers.project_id AND campaigns.id = campaign_id) AS campaign
FROM vouchers
WHERE project_id = :project_id AND code = :code

-- name: get_voucher_by_id
SELECT vouchers.*, (SELECT name FROM campaigns WHERE campaigns.project_id = vouchers.project_id AND campaigns.id = campaign_id) AS campaign
FROM vouchers
WHERE project_id = :project_id AND id = :id

-- name: columns_shown!
vouchers.*,
(SELECT name FROM campaigns WHERE campaigns.project_id = vouchers.project_id AND campaigns.id = campaign_id) AS campaign

-- name: filter_vouchers!
FROM vouchers
WHERE project_id = :project_id
    AND (:code::text IS NULL OR code = :code)
    AND (:campaign_id::text IS NULL OR campaign_id = :campaign_id)
    AND (
        :campaign::text IS NULL
        OR campaign_id = (SELECT id FROM campaigns WHERE project_id = :project_id AND name = :campaign)
    )
    AND (:labels::text[] IS NULL OR category = ANY (:labels))
    AND (:ids::text[] IS NULL OR id = ANY (:ids))
    AND (:created_before::timestamptz IS NULL OR created_at < :created_before)
    AND (:created_after::timestamptz IS NULL OR created_at > :created_after)
    AND (:updated_before::timestamptz IS NULL OR updated_at < :updated_before)
    AND (:updated_after::timestamptz IS NULL OR updated_at > :updated_after)
