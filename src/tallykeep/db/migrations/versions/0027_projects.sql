-- A project that is deleted leaves its row: number and id, which the hashes of its audit log cover, and what became of it.
-- The action that deletes it is one of project 0.
ALTER TABLE projects
    ADD description text NOT NULL DEFAULT '',
    ADD timezone text NOT NULL DEFAULT 'UTC',
    ADD currency text,
    ADD dial_code text,
    ADD client_settings jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(client_settings) = 'object'),
    ADD deletion_id text COLLATE "C",
    ADD deletion_key_id text,
    ADD deletion_started_at timestamptz,
    ADD deleted_at timestamptz,
    ADD deleted_rows bigint CHECK (deleted_rows >= 0),
    ADD CONSTRAINT a_deletion_has_a_start CHECK ((deletion_id IS NULL) = (deletion_started_at IS NULL)),
    ADD CONSTRAINT deleted_by_a_deletion CHECK (deleted_at IS NULL OR deletion_id IS NOT NULL),
    ADD CONSTRAINT deleted_rows_are_counted CHECK ((deleted_at IS NULL) = (deleted_rows IS NULL));

-- Each acceptance adds to `accepted`, so that a project that is closed refuses it, whoever was admitted before.
ALTER TABLE schedules
    ADD closed boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT closed_accepts_nothing CHECK (NOT closed OR accepted = 0);

-- Owners manage all projects. The first project's oldest management key becomes one that works, from everywhere, and is not
-- narrowed down: so far it could do everything, as there was one project. Where there is none, `keys recover` makes one.
ALTER TABLE api_keys
    DROP CONSTRAINT api_keys_role_check,
    ADD CONSTRAINT api_keys_role_check CHECK (role IN ('reader', 'operator', 'admin', 'owner')),
    ADD CONSTRAINT owners_are_management_keys CHECK (role <> 'owner' OR kind = 'management');
UPDATE api_keys
SET role = 'owner'
WHERE (kind, key_id) = (
    SELECT kind, key_id
    FROM api_keys
    WHERE project_id = (SELECT min(project_id) FROM projects)
        AND kind = 'management' AND role = 'admin' AND scopes IS NULL AND revoked_at IS NULL
        AND (expires_at IS NULL OR expires_at > statement_timestamp()) AND addresses = '{}'
    ORDER BY created_at, key_id
    LIMIT 1
);
