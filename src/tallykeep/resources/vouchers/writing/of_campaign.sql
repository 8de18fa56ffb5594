-- The vouchers of a campaign that an update or a deletion is about.

-- name: reached_by_update!
campaign_id = :campaign_id AND redeemed_quantity = 0

-- name: reached_by_deletion!
campaign_id = :campaign_id

-- name: update_members!
UPDATE vouchers
SET active = coalesce(changed.active, vouchers.active), category = coalesce(changed.category, vouchers.category),
    updated_at = :timestamp
FROM unnest(:codes::text[], :active::boolean[], :category::text[]) AS changed (code, active, category)
WHERE vouchers.project_id = :project_id AND vouchers.code = changed.code AND vouchers.campaign_id = :campaign_id

-- Writes to a range of the campaign's vouchers: {range} is filled in.

-- name: count_reached_by_update
SELECT count(*) AS vouchers
FROM vouchers
WHERE project_id = :project_id AND campaign_id = :campaign_id AND {range} AND redeemed_quantity = 0

-- name: update_range!
UPDATE vouchers
SET
    discount = CASE WHEN :change ? 'discount' THEN :change -> 'discount' ELSE discount END,
    gift = CASE WHEN :change ? 'gift' THEN coalesce(gift, '{{}}') || (:change -> 'gift') ELSE gift END,
    loyalty_card =
        CASE WHEN :change ? 'loyalty_card' THEN coalesce(loyalty_card, '{{}}') || (:change -> 'loyalty_card')
        ELSE loyalty_card END,
    start_date =
        CASE WHEN :change ? 'start_date' THEN (:change ->> 'start_date')::timestamptz ELSE start_date END,
    expiration_date =
        CASE WHEN :change ? 'expiration_date' THEN (:change ->> 'expiration_date')::timestamptz
        ELSE expiration_date END,
    extras =
        CASE WHEN :change ? 'extras' THEN jsonb_strip_nulls(coalesce(extras, '{{}}') || (:change -> 'extras'))
        ELSE extras END,
    redemption_quantity =
        CASE WHEN :change ? 'redemption_quantity' THEN (:change ->> 'redemption_quantity')::bigint
        ELSE redemption_quantity END,
    updated_at = :timestamp
WHERE project_id = :project_id AND campaign_id = :campaign_id AND {range}
    AND redeemed_quantity = 0

-- name: delete_range!
DELETE FROM vouchers
WHERE project_id = :project_id AND campaign_id = :campaign_id AND {range}
