-- name: list_categories
SELECT * FROM categories WHERE project_id = :project_id ORDER BY id DESC

-- name: get_category
SELECT * FROM categories WHERE project_id = :project_id AND id = :id

-- name: add_category
INSERT INTO categories (project_id, id, name, hierarchy, created_at)
VALUES (:project_id, :id, :name, :hierarchy, :timestamp)
ON CONFLICT (project_id, name) DO NOTHING
RETURNING *

-- name: update_category
UPDATE categories SET name = :name, hierarchy = :hierarchy, updated_at = :timestamp
WHERE project_id = :project_id AND id = :id
RETURNING *

-- name: delete_category!
DELETE FROM categories WHERE project_id = :project_id AND id = :id

-- name: count_uses
SELECT
    (SELECT count(*) FROM vouchers WHERE project_id = :project_id AND category = ANY (:labels)) AS vouchers,
    (SELECT count(*) FROM campaigns WHERE project_id = :project_id AND category = ANY (:labels)) AS campaigns
