-- name: put_vouchers!
INSERT INTO vouchers (
    project_id, code, id, type, active, category, start_date, expiration_date, discount, redemption_quantity,
    additional_info, metadata, campaign_id, created_at
)
SELECT
    1, 'SUP-' || lpad(number::text, 12, '0'), 'v_' || lpad(to_hex(number), 18, '0'), 'DISCOUNT_VOUCHER', true, 'New',
    '2026-01-01', '2026-12-31', jsonb_build_object('type', 'AMOUNT', 'amount_off', 500), 1, 'Supplier batch',
    jsonb_build_object('Region', 'Europe', 'Channel', 'web'), :campaign_id, now()
FROM generate_series(1, :rows) AS number

-- name: update_metadata!
UPDATE vouchers
SET metadata = metadata || jsonb_build_object('Channel', 'mail', 'Checked', true), updated_at = now()
WHERE project_id = 1

-- name: count_updated
SELECT count(*) FROM vouchers WHERE metadata ->> 'Channel' = 'mail' AND updated_at IS NOT NULL

-- name: purge_metadata!
UPDATE vouchers SET metadata = metadata - 'Region', updated_at = now() WHERE project_id = 1 AND metadata ? 'Region'

-- name: count_purged
SELECT count(*) FROM vouchers WHERE NOT metadata ? 'Region' AND updated_at IS NOT NULL

-- name: delete_vouchers!
DELETE FROM vouchers WHERE project_id = 1 AND campaign_id = :campaign_id

-- name: count_gone
SELECT :rows - count(*) FROM vouchers

-- name: generate_vouchers!
-- Codes of the same look: twelve random hex digits.
INSERT INTO vouchers (project_id, code, id, type, active, discount, campaign_id, created_at)
SELECT
    1, upper(substr(replace(gen_random_uuid()::text, '-', ''), 1, 12)), 'v_' || lpad(to_hex(number), 18, '0'),
    'DISCOUNT_VOUCHER', true, jsonb_build_object('type', 'AMOUNT', 'amount_off', 500), :campaign_id, now()
FROM generate_series(1, :rows) AS number
ON CONFLICT (project_id, code) DO NOTHING

-- name: count_generated
SELECT count(*) FROM vouchers WHERE code ~ '^[0-9A-F]{12}$'
