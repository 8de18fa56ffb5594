-- name: get_voucher
SELECT vouchers.*, (SELECT name FROM campaigns WHERE campaigns.project_id = vouchers.project_id AND campaigns.id = campaign_id) AS campaign
FROM vouchers
WHERE project_id = :project_id AND code = :code

-- name: get_voucher_by_id
SELECT vouchers.*, (SELECT name FROM campaigns WHERE campaigns.project_id = vouchers.project_id AND campaigns.id = campaign_id) AS campaign
FROM vouchers
WHERE project_id = :project_id AND id = :id

-- name: every_voucher!
SELECT vouchers.*, (SELECT name FROM campaigns WHERE campaigns.project_id = vouchers.project_id AND campaigns.id = campaign_id) AS campaign
FROM vouchers
WHERE project_id = :project_id

-- Columns that lists are filtered by and that the table does not have as they are shown.

-- name: campaign!
SELECT name FROM campaigns WHERE campaigns.project_id = vouchers.project_id AND campaigns.id = vouchers.campaign_id

-- name: is_campaign!
campaign_id = (SELECT id FROM campaigns WHERE project_id = :project_id AND name = {value}::text)

-- name: discount_type!
discount ->> 'type'

-- name: discount_unit_type!
discount ->> 'unit_type'

-- name: gift_balance!
(gift ->> 'amount')::numeric - coalesce((gift ->> 'subtracted_amount')::numeric, 0) - coalesce(redeemed_amount, 0)

-- name: loyalty_balance!
(loyalty_card ->> 'points')::numeric - coalesce((loyalty_card ->> 'subtracted_points')::numeric, 0)

-- name: validity_timeframe!
extras -> 'validity_timeframe'

-- name: days_of_week!
extras -> 'validity_day_of_week'
