-- name: labels_in_force
SELECT project_id, label, name, category_id
FROM category_labels
WHERE project_id = ANY (:project_ids) AND name IS NOT NULL

-- name: meanings
SELECT labels.label, labels.name AS free_name, categories.*
FROM category_labels AS labels
LEFT JOIN categories ON categories.project_id = labels.project_id AND categories.id = labels.category_id
WHERE labels.project_id = :project_id AND labels.label = ANY (:labels)

-- name: labels_of_category
SELECT label FROM category_labels WHERE project_id = :project_id AND category_id = :category_id

-- name: take_name!
INSERT INTO category_labels (project_id, label, name, category_id)
VALUES (:project_id, :name, :name, :category_id)
ON CONFLICT (project_id, name) DO UPDATE SET category_id = excluded.category_id

-- name: retire_label!
UPDATE category_labels SET name = NULL WHERE project_id = :project_id AND name = :name

-- name: add_free_label!
INSERT INTO category_labels (project_id, label, name) VALUES (:project_id, :label, :name)

-- name: forget_own_name!
DELETE FROM category_labels WHERE project_id = :project_id AND category_id = :category_id AND label = name

-- name: forget_category!
UPDATE category_labels SET category_id = NULL WHERE project_id = :project_id AND category_id = :category_id
