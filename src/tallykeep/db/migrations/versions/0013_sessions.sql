-- Who is signed in to the dashboard. `id` is the hash of the cookie; the keys are sealed with a key made from the cookie,
-- which is kept nowhere: what stands here is of no use to who reads it.
CREATE TABLE sessions (
    project_id bigint NOT NULL,
    id bytea NOT NULL CHECK (octet_length(id) = 32),
    sealed bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (project_id, id)
);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
