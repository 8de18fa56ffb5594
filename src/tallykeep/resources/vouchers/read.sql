-- name: get_voucher
SELECT * FROM vouchers WHERE project_id = :project_id AND code = :code

-- name: get_voucher_by_id
SELECT * FROM vouchers WHERE project_id = :project_id AND id = :id

-- name: filter_vouchers!
FROM vouchers
WHERE project_id = :project_id
    AND (:code::text IS NULL OR code = :code)
    AND (:category::text IS NULL OR category = :category)
    AND (:ids::text[] IS NULL OR id = ANY (:ids))
    AND (:created_before::timestamptz IS NULL OR created_at < :created_before)
    AND (:created_after::timestamptz IS NULL OR created_at > :created_after)
    AND (:updated_before::timestamptz IS NULL OR updated_at < :updated_before)
    AND (:updated_after::timestamptz IS NULL OR updated_at > :updated_after)
