-- name: tables_of_projects
SELECT relname
FROM pg_class
WHERE relnamespace = 'public'::regnamespace
    AND relkind = 'r'
    AND relname NOT LIKE 'procrastinate\_%%'
    AND relname NOT IN ('projects', 'api_keys', 'secrets', 'alembic_version')

-- name: state_of_action
SELECT status, done_count, failed_count FROM async_actions WHERE project_id = :project_id AND id = :id

-- name: any_unfinished
SELECT true FROM async_actions WHERE status IN ('ENQUEUED', 'IN_PROGRESS') LIMIT 1

-- name: any_other_transaction
SELECT true FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
    AND xact_start IS NOT NULL
LIMIT 1

-- name: project
SELECT id FROM projects WHERE project_id = :project_id
