-- name: create_stage!
CREATE TEMPORARY TABLE IF NOT EXISTS voucher_stage (
    code text COLLATE "C" NOT NULL,
    id text NOT NULL,
    type text NOT NULL,
    active boolean,
    category text,
    start_date timestamptz,
    expiration_date timestamptz,
    discount jsonb,
    gift jsonb,
    loyalty_card jsonb,
    extras jsonb,
    redemption_quantity bigint,
    redeemed_quantity bigint,
    redeemed_amount bigint,
    additional_info text,
    metadata jsonb,
    campaign_id text,
    "row" bigint NOT NULL,
    cleared text NOT NULL
) ON COMMIT DELETE ROWS

-- name: copy_stage!
COPY voucher_stage FROM STDIN

-- name: copy_new!
COPY vouchers (
    project_id, created_at, code, id, type, active, category, start_date, expiration_date, discount, gift,
    loyalty_card, extras, redemption_quantity, redeemed_quantity, redeemed_amount, additional_info, metadata,
    campaign_id
) FROM STDIN (DEFAULT '\D')

-- name: clear_stage!
DELETE FROM voucher_stage

-- name: insert_staged!
-- In key order, so that two batches that share keys wait for each other and never in a circle.
INSERT INTO vouchers (
    project_id, code, id, type, active, category, start_date, expiration_date, discount, gift, loyalty_card, extras,
    redemption_quantity, redeemed_quantity, redeemed_amount, additional_info, metadata, campaign_id,
    created_at
)
SELECT
    :project_id, code, id, type, coalesce(active, true), category, start_date, expiration_date, discount, gift,
    loyalty_card, extras, redemption_quantity, coalesce(redeemed_quantity, 0), redeemed_amount, additional_info,
    coalesce(metadata, '{}'), campaign_id, :now
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
SET
    active = CASE WHEN 'active' = ANY (nulled) THEN true ELSE coalesce(stage.active, vouchers.active) END,
    category = CASE WHEN 'category' = ANY (nulled) THEN NULL ELSE coalesce(stage.category, vouchers.category) END,
    start_date =
        CASE WHEN 'start_date' = ANY (nulled) THEN NULL ELSE coalesce(stage.start_date, vouchers.start_date) END,
    expiration_date =
        CASE WHEN 'expiration_date' = ANY (nulled) THEN NULL
        ELSE coalesce(stage.expiration_date, vouchers.expiration_date) END,
    discount = coalesce(stage.discount, vouchers.discount),
    gift = coalesce(vouchers.gift || stage.gift, stage.gift, vouchers.gift),
    loyalty_card = coalesce(vouchers.loyalty_card || stage.loyalty_card, stage.loyalty_card, vouchers.loyalty_card),
    extras = coalesce(vouchers.extras || stage.extras, stage.extras, vouchers.extras),
    redemption_quantity =
        CASE WHEN 'redemption_quantity' = ANY (nulled) THEN NULL
        ELSE coalesce(stage.redemption_quantity, vouchers.redemption_quantity) END,
    redeemed_quantity =
        CASE WHEN 'redeemed_quantity' = ANY (nulled) THEN 0
        ELSE coalesce(stage.redeemed_quantity, vouchers.redeemed_quantity) END,
    redeemed_amount =
        CASE WHEN 'redeemed_amount' = ANY (nulled) THEN NULL
        ELSE coalesce(stage.redeemed_amount, vouchers.redeemed_amount) END,
    additional_info =
        CASE WHEN 'additional_info' = ANY (nulled) THEN NULL
        ELSE coalesce(stage.additional_info, vouchers.additional_info) END,
    metadata = vouchers.metadata || coalesce(stage.metadata, '{}'),
    updated_at = :now
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
