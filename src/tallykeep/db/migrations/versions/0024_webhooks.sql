-- Who hears of a project's actions. The secrets are sealed with the installation's; the previous one signs as well until
-- `previous_until`. `failing_since` is when deliveries began to fail, one after the other; none is tried until `paused_until`.
CREATE TABLE webhooks (
    project_id bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    target_url text NOT NULL CHECK (target_url <> ''),
    events text[] NOT NULL CHECK (cardinality(events) > 0),
    active boolean NOT NULL,
    failure_threshold double precision NOT NULL CHECK (failure_threshold >= 0 AND failure_threshold < 100),
    secret bytea NOT NULL,
    previous_secret bytea,
    previous_until timestamptz,
    failing_since timestamptz,
    paused_until timestamptz,
    disabled_reason text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (project_id, id),
    CONSTRAINT previous_secret_has_an_end CHECK ((previous_secret IS NULL) = (previous_until IS NULL)),
    CONSTRAINT disabled_means_not_active CHECK (disabled_reason IS NULL OR NOT active)
);

-- An event on its way to one webhook, written in the transaction of what it tells of. The id of an event follows from its
-- action, so that it is there once. `step` is its position among the events of its action. No foreign key: a webhook that
-- is deleted waits for no batch, and what is left of its deliveries is removed later.
CREATE TABLE webhook_deliveries (
    project_id bigint NOT NULL,
    webhook_id text COLLATE "C" NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    event text NOT NULL,
    step smallint NOT NULL,
    action_id text COLLATE "C",
    data json NOT NULL,
    status text NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'DELIVERED', 'GIVEN_UP')),
    attempts bigint NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    created_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    attempted_at timestamptz,
    delivered_at timestamptz,
    last_status bigint,
    last_error text,
    PRIMARY KEY (project_id, webhook_id, event_id),
    CONSTRAINT delivered_exactly_when_it_says_so CHECK ((delivered_at IS NOT NULL) = (status = 'DELIVERED'))
) WITH (fillfactor = 80);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (project_id, webhook_id, due_at, step, event_id)
    WHERE status = 'PENDING';
CREATE INDEX webhook_deliveries_of_action ON webhook_deliveries (project_id, webhook_id, action_id)
    WHERE status = 'PENDING';
CREATE INDEX webhook_deliveries_expiring ON webhook_deliveries (expires_at) WHERE status = 'PENDING';
CREATE INDEX webhook_deliveries_by_time ON webhook_deliveries (project_id, webhook_id, created_at DESC, event_id DESC);
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (created_at) WHERE status <> 'PENDING';
