-- Actions that run one after another, in submission order, within a project and resource.
ALTER TABLE async_actions ADD COLUMN sequence text COLLATE "C";
CREATE INDEX async_actions_in_sequence ON async_actions (project_id, sequence, created_at, id)
    WHERE sequence IS NOT NULL AND status IN ('ENQUEUED', 'IN_PROGRESS');

-- The kind of error, for results that show it beside the reason.
ALTER TABLE failures ADD COLUMN error_key text;

-- What a portion adds to its action's report file.
CREATE TABLE report_parts (
    project_id bigint NOT NULL,
    action_id text COLLATE "C" NOT NULL,
    first_row bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (project_id, action_id, first_row),
    FOREIGN KEY (project_id, action_id) REFERENCES async_actions (project_id, id)
);

-- Secrets of the installation, such as the one that signs links to reports. Part of the directory of tenants.
CREATE TABLE secrets (
    name text PRIMARY KEY,
    value bytea NOT NULL
);
