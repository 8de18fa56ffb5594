-- name: add_secret!
INSERT INTO secrets (name, value) VALUES (:name, :value) ON CONFLICT DO NOTHING

-- name: get_secret
SELECT value FROM secrets WHERE name = :name
