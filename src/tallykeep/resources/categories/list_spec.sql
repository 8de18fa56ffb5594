-- Filters by the label in the column category of vouchers and of campaigns.

-- name: name!
SELECT (CASE WHEN labels.label IS NULL THEN one.category ELSE coalesce(categories.name, labels.name) END) COLLATE "default"
FROM (SELECT project_id, category) AS one
LEFT JOIN category_labels AS labels
    ON labels.project_id = one.project_id AND labels.label = one.category COLLATE "C"
LEFT JOIN categories ON categories.project_id = labels.project_id AND categories.id = labels.category_id

-- name: category_id!
SELECT labels.category_id
FROM (SELECT project_id, category) AS one
JOIN category_labels AS labels ON labels.project_id = one.project_id AND labels.label = one.category COLLATE "C"

-- name: is_one_of!
category = ANY (ARRAY(
    SELECT labels.label
    FROM category_labels AS labels
    LEFT JOIN categories ON categories.project_id = labels.project_id AND categories.id = labels.category_id
    WHERE labels.project_id = :project_id
        AND (
            categories.name = ANY ({value}::text[])
            OR categories.id = ANY ({value}::text[])
            OR (categories.id IS NULL AND labels.name = ANY ({value}::text[]))
        )
    UNION ALL
    SELECT free_name
    FROM unnest({value}::text[]) AS free_name
    WHERE NOT EXISTS (SELECT FROM category_labels WHERE project_id = :project_id AND label = free_name)
))

-- name: is_none_of!
(
    {column} = ANY ({value}::text[])
    OR EXISTS (
        SELECT FROM category_labels AS labels
        WHERE labels.project_id = :project_id
            AND labels.label = category COLLATE "C"
            AND labels.category_id = ANY ({value}::text[])
    )
) IS NOT TRUE
