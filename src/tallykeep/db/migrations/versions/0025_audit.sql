-- Who did what, when, and from where. An entry is written by the transaction of what it tells of, into audit_pending, where
-- it meets no other; shortly after, it moves into audit_log, which is a chain: numbered within its project without gaps,
-- each with a hash over the one before it.
CREATE TABLE audit_pending (
    project_id bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    event text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('success', 'failed', 'refused')),
    door text NOT NULL CHECK (door IN ('api', 'dashboard', 'worker', 'server')),
    key_id text,
    key_kind text,
    token_id text,
    session_id text,
    address text,
    request_id text,
    action_id text COLLATE "C",
    resource_type text,
    resource_id text COLLATE "C",
    details jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(details) = 'object'),
    PRIMARY KEY (project_id, id)
);

-- Attempts without a project's key are of project 0, so there is no foreign key.
CREATE TABLE audit_log (
    project_id bigint NOT NULL,
    number bigint NOT NULL CHECK (number > 0),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    id text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    event text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('success', 'failed', 'refused')),
    door text NOT NULL CHECK (door IN ('api', 'dashboard', 'worker', 'server')),
    key_id text,
    key_kind text,
    token_id text,
    session_id text,
    address text,
    request_id text,
    action_id text COLLATE "C",
    resource_type text,
    resource_id text COLLATE "C",
    details jsonb NOT NULL CHECK (jsonb_typeof(details) = 'object'),
    format smallint NOT NULL DEFAULT 1,  -- which fields the hash covers, and how
    PRIMARY KEY (project_id, number),
    UNIQUE (project_id, id)
);
CREATE INDEX audit_log_by_time ON audit_log (project_id, created_at);
CREATE INDEX audit_log_by_action ON audit_log (project_id, action_id, number) WHERE action_id IS NOT NULL;
-- Of an action the two are the same.
CREATE INDEX audit_log_by_resource ON audit_log (project_id, resource_id, number)
    WHERE resource_id IS NOT NULL AND resource_type <> 'async_action';
-- Submissions and ends of actions are most of all entries: what is something else is found without reading them.
CREATE INDEX audit_log_by_event ON audit_log (project_id, event, number)
    WHERE event <> 'action.submit' AND event <> 'action.end';

-- The chain of each project: its last entry, and the last one that retention has removed, 0 where none was.
CREATE TABLE audit_chains (
    project_id bigint PRIMARY KEY,
    number bigint NOT NULL DEFAULT 0,
    hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex') CHECK (octet_length(hash) = 32),
    removed_number bigint NOT NULL DEFAULT 0,
    removed_hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex') CHECK (octet_length(removed_hash) = 32),
    CONSTRAINT removed_are_behind CHECK (0 <= removed_number AND removed_number <= number)
) WITH (fillfactor = 50);

-- The entry of the submission that an action came of; none before there was an audit log.
ALTER TABLE async_actions ADD log_id text COLLATE "C";

-- Chained entries are read and added only. Retention, which removes the oldest, grants itself the right for as long as a
-- transaction takes. A superuser is above this, and an owner may grant it to itself: the chain is for that.
REVOKE UPDATE, DELETE, TRUNCATE ON audit_log FROM PUBLIC, CURRENT_USER;
