-- What was deleted without force; kept whole, so that nothing is lost by mistake.
CREATE TABLE bin_entries (
    project_id bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    resource_id text COLLATE "C" NOT NULL,
    resource_type text NOT NULL,
    resource_name text,
    resource_parent_id text,
    deleted_by text NOT NULL,
    content jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (project_id, id)
);
