-- name: lock_voucher
SELECT * FROM vouchers WHERE project_id = :project_id AND (code = :code OR id = :code) FOR UPDATE

-- name: switch_voucher
UPDATE vouchers SET active = :active, updated_at = date_trunc('milliseconds', statement_timestamp())
FROM (
    SELECT code, active FROM vouchers WHERE project_id = :project_id AND (code = :code OR id = :code) FOR UPDATE
) AS before
WHERE vouchers.project_id = :project_id AND vouchers.code = before.code
RETURNING vouchers.code, before.active AS was_active

-- name: delete_voucher
DELETE FROM vouchers WHERE project_id = :project_id AND (code = :code OR id = :code) RETURNING *
