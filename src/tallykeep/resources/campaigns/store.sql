-- name: add_campaign
INSERT INTO campaigns (
    project_id, id, name, campaign_type, type, active, start_date, expiration_date, voucher, settings, metadata,
    category, created_at
)
VALUES (
    :project_id, :id, :name, :campaign_type, :type, :active, :start_date, :expiration_date, :voucher, :settings,
    :metadata, :category, :timestamp
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
    updated_at = :timestamp
WHERE project_id = :project_id AND id = :id

-- name: switch_campaign
UPDATE campaigns SET active = :active, updated_at = date_trunc('milliseconds', statement_timestamp())
FROM (SELECT id, active FROM campaigns WHERE project_id = :project_id AND id = :id FOR UPDATE) AS before
WHERE campaigns.project_id = :project_id AND campaigns.id = before.id
RETURNING before.active AS was_active

-- name: delete_campaign
DELETE FROM campaigns WHERE project_id = :project_id AND id = :id RETURNING *

-- name: count_vouchers
SELECT campaign_id, count(*) AS vouchers
FROM vouchers
WHERE project_id = :project_id AND campaign_id = ANY (:ids)
GROUP BY campaign_id

-- name: running_actions
SELECT type, source -> 'parameters' ->> 'campaign_id' AS campaign_id
FROM async_actions
WHERE project_id = :project_id
    AND status IN ('ENQUEUED', 'IN_PROGRESS')
    AND source -> 'parameters' ->> 'campaign_id' = ANY (:ids)

-- The planned batches: their first row, their number of rows, and their bodies.

-- name: planned_generation!
SELECT first AS first_row, parts.count AS row_count, json_build_object('count', parts.count)::text AS body
FROM
    generate_series(1, :count, :rows) AS first,
    least(:rows, :count - first + 1) AS parts (count)

-- name: planned_update!
-- Those of {ranges}. An update that finds no voucher, while an earlier one is unfinished, which may yet change vouchers
-- that are made after this one, goes through all: they are to be changed back.
WITH reached AS ({ranges})

SELECT first_row, row_count, body FROM reached
UNION ALL
SELECT 1, 1, '{{"behind": null, "up_to": null}}'
WHERE NOT EXISTS (SELECT FROM reached)
    AND EXISTS (
        SELECT FROM async_actions
        WHERE project_id = :project_id
            AND type = 'CAMPAIGN.VOUCHERS_UPDATE'
            AND status IN ('ENQUEUED', 'IN_PROGRESS')
            AND source -> 'parameters' ->> 'campaign_id' = :campaign_id
    )

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
    AND running.source -> 'parameters' ->> 'campaign_id' = campaigns.id

-- The value that filters by status compare; {column} is the one above.

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
