-- name: lock_voucher
SELECT * FROM vouchers WHERE project_id = :project_id AND (code = :code OR id = :code) FOR UPDATE

-- name: switch_voucher
UPDATE vouchers SET active = :active, updated_at = date_trunc('milliseconds', statement_timestamp())
WHERE project_id = :project_id AND (code = :code OR id = :code)
RETURNING code

-- name: delete_voucher
DELETE FROM vouchers WHERE project_id = :project_id AND (code = :code OR id = :code) RETURNING *
