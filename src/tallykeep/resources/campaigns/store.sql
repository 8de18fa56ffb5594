-- name: add_campaign
INSERT INTO campaigns (
    project_id, id, name, campaign_type, type, active, start_date, expiration_date, voucher, settings, metadata,
    category, created_at
)
VALUES (
    :project_id, :id, :name, :campaign_type, :type, :active, :start_date, :expiration_date, :voucher, :settings,
    :metadata, :category, :now
)
ON CONFLICT DO NOTHING
RETURNING id

-- name: find_campaign
SELECT * FROM campaigns WHERE project_id = :project_id AND (id = :key OR name = :key) ORDER BY (id = :key) DESC LIMIT 1

-- name: lock_campaign
SELECT * FROM campaigns WHERE project_id = :project_id AND id = :id FOR UPDATE

-- name: set_campaign!
UPDATE campaigns
SET
    type = :type,
    start_date = :start_date,
    expiration_date = :expiration_date,
    voucher = :voucher,
    settings = :settings,
    metadata = :metadata,
    category = :category,
    updated_at = :now
WHERE project_id = :project_id AND id = :id

-- name: switch_campaign!
UPDATE campaigns SET active = :active, updated_at = date_trunc('milliseconds', statement_timestamp()) WHERE project_id = :project_id AND id = :id

-- name: delete_campaign
DELETE FROM campaigns WHERE project_id = :project_id AND id = :id RETURNING *

-- name: count_vouchers
SELECT campaign_id, count(*) AS vouchers
FROM vouchers
WHERE project_id = :project_id AND campaign_id = ANY (:ids)
GROUP BY campaign_id

-- name: running_actions
SELECT type, source -> 'options' ->> 'campaign_id' AS campaign_id
FROM async_actions
WHERE project_id = :project_id
    AND status IN ('ENQUEUED', 'IN_PROGRESS')
    AND source -> 'options' ->> 'campaign_id' = ANY (:ids)

-- name: plan_generation!
INSERT INTO batches (project_id, action_id, first_row, row_count, body)
SELECT
    :project_id, :action_id, first, least(:rows, :count - first + 1),
    convert_to(json_build_object('count', least(:rows, :count - first + 1))::text, 'UTF8')
FROM generate_series(1, :count, :rows) AS first

-- name: reached_by_update!
campaign_id = :campaign_id AND redeemed_quantity = 0

-- name: reached_by_deletion!
campaign_id = :campaign_id

-- name: plan_update_of_all!
-- For an update that finds no voucher, while an earlier one is unfinished, which may yet change vouchers that are made
-- after this one: they are to be changed back.
INSERT INTO batches (project_id, action_id, first_row, row_count, body)
SELECT :project_id, :action_id, 1, 1, convert_to('{"behind": null, "up_to": null}', 'UTF8')
WHERE NOT EXISTS (SELECT FROM batches WHERE project_id = :project_id AND action_id = :action_id)
    AND EXISTS (
        SELECT FROM async_actions
        WHERE project_id = :project_id
            AND type = 'CAMPAIGN.VOUCHERS_UPDATE'
            AND status IN ('ENQUEUED', 'IN_PROGRESS')
            AND source -> 'options' ->> 'campaign_id' = :campaign_id
    )

-- What is done to a range of the campaign's vouchers: {range} is filled in.

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
    updated_at = :now
WHERE project_id = :project_id AND campaign_id = :campaign_id AND {range}
    AND redeemed_quantity = 0

-- name: delete_range!
DELETE FROM vouchers
WHERE project_id = :project_id AND campaign_id = :campaign_id AND {range}

-- name: move_range_to_bin!
WITH gone AS (
    DELETE FROM vouchers
    WHERE project_id = :project_id AND campaign_id = :campaign_id AND {range}
    RETURNING *
)
INSERT INTO bin_entries (
    project_id, id, resource_id, resource_type, resource_name, resource_parent_id, deleted_by, content, created_at
)
SELECT project_id, 'tbe_' || substr(id, 3), id, 'voucher', code, campaign_id, :deleted_by, to_jsonb(gone), :now
FROM gone

-- name: update_members!
UPDATE vouchers
SET active = coalesce(given.active, vouchers.active), category = coalesce(given.category, vouchers.category),
    updated_at = :now
FROM unnest(:codes::text[], :active::boolean[], :category::text[]) AS given (code, active, category)
WHERE vouchers.project_id = :project_id AND vouchers.code = given.code AND vouchers.campaign_id = :campaign_id

-- name: every_campaign!
SELECT * FROM campaigns WHERE project_id = :project_id

-- name: campaign_status!
SELECT
    CASE
        WHEN bool_or(running.type = 'CAMPAIGN.VOUCHERS_GENERATE') THEN 'IN_PROGRESS'
        WHEN bool_or(running.type = 'CAMPAIGN.VOUCHERS_UPDATE') THEN 'MODIFYING'
        ELSE 'DONE'
    END
FROM async_actions AS running
WHERE running.project_id = campaigns.project_id
    AND running.status IN ('ENQUEUED', 'IN_PROGRESS')
    AND running.source -> 'options' ->> 'campaign_id' = campaigns.id

-- Whether a campaign's vouchers are generated is asked of its status; {column} is the one above.

-- name: is_done!
{column} = 'DONE'

-- name: is_busy!
{column} IN ('IN_PROGRESS', 'MODIFYING')

-- name: is_failed!
{column} = 'FAILED'

-- name: is_done_and_expired!
{column} = 'DONE' AND expiration_date < now()

-- name: is_done_before_start!
{column} = 'DONE' AND start_date > now()

-- name: voucher_type!
voucher ->> 'type'

-- name: validity_timeframe!
settings -> 'validity_timeframe'

-- name: days_of_week!
settings -> 'validity_day_of_week'

-- name: is_of_type!
{column} = ANY ({value}::text[]) OR ('BULK' = ANY ({value}::text[]) AND {column} IN ('AUTO_UPDATE', 'STATIC'))

-- name: is_of_no_type!
NOT ({column} = ANY ({value}::text[]) OR ('BULK' = ANY ({value}::text[]) AND {column} IN ('AUTO_UPDATE', 'STATIC')))
