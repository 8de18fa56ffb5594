-- What was asked of an action beside its rows, and how it ended.
ALTER TABLE async_actions
    ADD COLUMN dry_run boolean NOT NULL DEFAULT false,
    ADD COLUMN on_error text NOT NULL DEFAULT 'continue' CHECK (on_error IN ('continue', 'stop', 'reject')),
    ADD COLUMN max_failures bigint NOT NULL DEFAULT 1 CHECK (max_failures > 0),
    ADD COLUMN unprocessed_count bigint NOT NULL DEFAULT 0 CHECK (unprocessed_count >= 0),
    ADD COLUMN created_count bigint NOT NULL DEFAULT 0 CHECK (created_count >= 0),
    ADD COLUMN ended_by text CHECK (ended_by IN ('COMPLETED', 'CANCELED', 'STOPPED', 'REJECTED')),
    ADD COLUMN reason text,
    ADD COLUMN parent_id text COLLATE "C",
    ADD COLUMN requested_by text,
    ADD COLUMN file_name text,
    ADD COLUMN body_size bigint,
    ADD COLUMN ready boolean NOT NULL DEFAULT true,
    ADD COLUMN served_at timestamptz NOT NULL DEFAULT 'epoch';

UPDATE async_actions SET ended_by = 'COMPLETED' WHERE status = 'DONE';

ALTER TABLE async_actions
    DROP CONSTRAINT no_more_outcomes_than_rows,
    ADD CONSTRAINT no_more_outcomes_than_rows CHECK (done_count + failed_count + unprocessed_count <= total_count),
    ADD CONSTRAINT created_are_done CHECK (created_count <= done_count),
    ADD CONSTRAINT ended_means_every_row_accounted_for CHECK (
        status NOT IN ('DONE', 'FAILED') OR done_count + failed_count + unprocessed_count = total_count
    ),
    ADD CONSTRAINT ended_somehow_exactly_when_ended CHECK (
        CASE status
            WHEN 'DONE' THEN ended_by IS NOT DISTINCT FROM 'COMPLETED'
            WHEN 'FAILED' THEN ended_by IN ('CANCELED', 'STOPPED', 'REJECTED') AND ended_by IS NOT NULL
            ELSE ended_by IS NULL
        END
    );

-- Whose turn it is within a project: who was served longest ago.
CREATE INDEX async_actions_in_turn ON async_actions (project_id, served_at, created_at, id)
    WHERE ready AND status IN ('ENQUEUED', 'IN_PROGRESS');
CREATE INDEX async_actions_by_parent ON async_actions (project_id, parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX async_actions_by_type ON async_actions (project_id, type, created_at DESC, id DESC);
CREATE INDEX async_actions_by_status ON async_actions (project_id, status, created_at DESC, id DESC);

-- Whose turn it is among projects: the number of the next job that a project may queue.
CREATE TABLE turns (
    project_id bigint PRIMARY KEY,
    next_turn bigint NOT NULL
) WITH (fillfactor = 50);

-- Portions in hand, or at which a process died: an attempt that ended in no outcome at all shows here alone.
CREATE TABLE attempts (
    project_id bigint NOT NULL,
    action_id text COLLATE "C" NOT NULL,
    first_row bigint NOT NULL,
    attempts integer NOT NULL,
    PRIMARY KEY (project_id, action_id, first_row)
);

ALTER TABLE portions
    ADD COLUMN unprocessed_count bigint NOT NULL DEFAULT 0 CHECK (unprocessed_count >= 0),
    DROP CONSTRAINT closed_means_every_row_accounted_for,
    ADD CONSTRAINT closed_means_every_row_accounted_for
        CHECK (status <> 'CLOSED' OR done_count + failed_count + unprocessed_count = row_count);

-- What a dry run would have created in its earlier portions.
CREATE TABLE dry_run_keys (
    project_id bigint NOT NULL,
    action_id text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    PRIMARY KEY (project_id, action_id, key)
);

CREATE TABLE idempotency_keys (
    project_id bigint NOT NULL,
    key text COLLATE "C" NOT NULL,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    action_id text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (project_id, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
