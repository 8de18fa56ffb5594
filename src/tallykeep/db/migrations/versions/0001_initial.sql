-- The directory of tenants and keys. Small, read on every request; a reference table where tables are distributed.

CREATE TABLE projects (
    project_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text COLLATE "C" NOT NULL UNIQUE,
    name text NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE api_keys (
    key_id text COLLATE "C" NOT NULL,
    kind text NOT NULL CHECK (kind IN ('app', 'management')),
    project_id bigint NOT NULL REFERENCES projects,
    token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32),
    name text NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    PRIMARY KEY (kind, key_id)
);

-- The engine. Everything below has project_id first in its keys.

CREATE TABLE async_actions (
    project_id bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    type text NOT NULL,
    status text NOT NULL CHECK (status IN ('ENQUEUED', 'IN_PROGRESS', 'DONE', 'FAILED')),
    operation_status text NOT NULL CHECK (operation_status IN ('UNKNOWN', 'SUCCESS', 'FAILED')),
    request_id text NOT NULL,
    source jsonb NOT NULL,
    total_count bigint NOT NULL CHECK (total_count >= 0),
    done_count bigint NOT NULL DEFAULT 0 CHECK (done_count >= 0),
    failed_count bigint NOT NULL DEFAULT 0 CHECK (failed_count >= 0),
    open_portions bigint NOT NULL CHECK (open_portions >= 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    PRIMARY KEY (project_id, id),
    CONSTRAINT no_more_outcomes_than_rows CHECK (done_count + failed_count <= total_count),
    CONSTRAINT done_means_every_row_accounted_for
        CHECK (status <> 'DONE' OR (open_portions = 0 AND done_count + failed_count = total_count)),
    CONSTRAINT finished_exactly_when_ended CHECK ((finished_at IS NOT NULL) = (status IN ('DONE', 'FAILED'))),
    CONSTRAINT outcome_known_exactly_when_ended CHECK (
        operation_status = CASE status WHEN 'DONE' THEN 'SUCCESS' WHEN 'FAILED' THEN 'FAILED' ELSE 'UNKNOWN' END
    )
) WITH (fillfactor = 80);

CREATE INDEX async_actions_by_time ON async_actions (project_id, created_at DESC, id DESC);
CREATE INDEX async_actions_unfinished ON async_actions (project_id, id) WHERE status IN ('ENQUEUED', 'IN_PROGRESS');

CREATE TABLE portions (
    project_id bigint NOT NULL,
    action_id text COLLATE "C" NOT NULL,
    first_row bigint NOT NULL CHECK (first_row > 0),
    row_count bigint NOT NULL CHECK (row_count > 0),
    body bytea NOT NULL,
    status text NOT NULL DEFAULT 'OPEN' CHECK (status IN ('OPEN', 'CLOSED')),
    done_count bigint NOT NULL DEFAULT 0 CHECK (done_count >= 0),
    failed_count bigint NOT NULL DEFAULT 0 CHECK (failed_count >= 0),
    closed_at timestamptz,
    PRIMARY KEY (project_id, action_id, first_row),
    FOREIGN KEY (project_id, action_id) REFERENCES async_actions (project_id, id),
    CONSTRAINT closed_means_every_row_accounted_for
        CHECK (status <> 'CLOSED' OR done_count + failed_count = row_count),
    CONSTRAINT closed_exactly_once CHECK ((closed_at IS NOT NULL) = (status = 'CLOSED'))
) WITH (fillfactor = 80);

-- Bodies are written once and read once: storing them uncompressed keeps acceptance at the speed of the disk.
ALTER TABLE portions ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE INDEX portions_open ON portions (project_id, action_id, first_row) WHERE status = 'OPEN';

CREATE TABLE failures (
    project_id bigint NOT NULL,
    action_id text COLLATE "C" NOT NULL,
    "row" bigint NOT NULL CHECK ("row" > 0),
    key text,
    reason text NOT NULL,
    PRIMARY KEY (project_id, action_id, "row"),
    FOREIGN KEY (project_id, action_id) REFERENCES async_actions (project_id, id)
);

-- The resources.

CREATE TABLE metadata_schemas (
    project_id bigint NOT NULL,
    related_object text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    properties jsonb NOT NULL CHECK (jsonb_typeof(properties) = 'object'),
    allow_defined_only boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz,
    PRIMARY KEY (project_id, related_object),
    UNIQUE (project_id, id)
);

CREATE TABLE vouchers (
    project_id bigint NOT NULL,
    code text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    type text NOT NULL CHECK (type IN ('DISCOUNT_VOUCHER', 'GIFT_VOUCHER', 'LOYALTY_CARD')),
    active boolean NOT NULL DEFAULT true,
    category text,
    start_date timestamptz,
    expiration_date timestamptz,
    discount jsonb,
    gift jsonb,
    loyalty_card jsonb,
    extras jsonb,
    redemption_quantity bigint CHECK (redemption_quantity >= 0),
    redeemed_quantity bigint NOT NULL DEFAULT 0 CHECK (redeemed_quantity >= 0),
    redeemed_amount bigint CHECK (redeemed_amount >= 0),
    additional_info text,
    metadata jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    created_at timestamptz NOT NULL,
    updated_at timestamptz,
    PRIMARY KEY (project_id, code),
    UNIQUE (project_id, id)
);
