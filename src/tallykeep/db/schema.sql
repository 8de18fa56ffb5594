-- The whole schema of today, at revision 0032, to be read; migrations make it (migrations/versions).
-- Written by `make schema` from a database that was just migrated. The queue's own tables are procrastinate's.

CREATE TABLE access_tokens (
    project_id bigint NOT NULL,
    token_hash bytea NOT NULL,
    id text COLLATE "C" NOT NULL,
    key_kind text NOT NULL,
    key_id text COLLATE "C" NOT NULL,
    scopes text[],
    scope text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT access_tokens_pkey PRIMARY KEY (project_id, token_hash),
    CONSTRAINT access_tokens_token_hash_check CHECK (octet_length(token_hash) = 32)
);
CREATE INDEX access_tokens_by_expiry ON access_tokens (expires_at);

CREATE TABLE api_keys (
    key_id text COLLATE "C" NOT NULL,
    kind text NOT NULL,
    project_id bigint NOT NULL,
    token_hash bytea NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    role text NOT NULL,
    scopes text[],
    expires_at timestamp with time zone,
    addresses text[] NOT NULL DEFAULT '{}'[],
    last_used_at timestamp with time zone,
    previous_token_hash bytea,
    previous_until timestamp with time zone,
    CONSTRAINT api_keys_pkey PRIMARY KEY (kind, key_id),
    CONSTRAINT api_keys_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(project_id),
    CONSTRAINT api_keys_kind_check CHECK (kind = ANY (ARRAY['app', 'management', 'service'])),
    CONSTRAINT api_keys_previous_check CHECK ((previous_token_hash IS NULL) = (previous_until IS NULL)),
    CONSTRAINT api_keys_previous_token_hash_check CHECK (octet_length(previous_token_hash) = 32),
    CONSTRAINT api_keys_role_check CHECK (role = ANY (ARRAY['reader', 'operator', 'admin', 'owner'])),
    CONSTRAINT api_keys_token_hash_check CHECK (octet_length(token_hash) = 32),
    CONSTRAINT owners_are_management_keys CHECK (role <> 'owner' OR kind = 'management')
);

CREATE TABLE async_actions (
    project_id bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    type text NOT NULL,
    status text NOT NULL,
    operation_status text NOT NULL,
    request_id text NOT NULL,
    source jsonb NOT NULL,
    total_count bigint NOT NULL,
    done_count bigint NOT NULL DEFAULT 0,
    failed_count bigint NOT NULL DEFAULT 0,
    open_batches bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    sequence text COLLATE "C",
    unprocessed_count bigint NOT NULL DEFAULT 0,
    created_count bigint NOT NULL DEFAULT 0,
    ended_by text,
    reason text,
    parent_id text COLLATE "C",
    requested_by text,
    file_name text,
    body_size bigint,
    ready boolean NOT NULL DEFAULT true,
    served_at timestamp with time zone NOT NULL DEFAULT '1970-01-01 00:00:00+00'::timestamp with time zone,
    failures_kept boolean NOT NULL DEFAULT true,
    report_kept boolean NOT NULL DEFAULT true,
    number bigint NOT NULL DEFAULT 0,
    open_count bigint NOT NULL DEFAULT 0,
    retry_count bigint NOT NULL DEFAULT 0,
    retry_reason text,
    failed_tries bigint NOT NULL DEFAULT 0,
    submission_options jsonb NOT NULL DEFAULT '{}',
    dry_run boolean NOT NULL
        GENERATED ALWAYS AS (COALESCE((submission_options ->> 'dry_run')::boolean, false)) STORED,
    on_error text NOT NULL GENERATED ALWAYS AS (COALESCE(submission_options ->> 'on_error', 'continue')) STORED,
    log_id text COLLATE "C",
    CONSTRAINT async_actions_pkey PRIMARY KEY (project_id, id),
    CONSTRAINT async_actions_created_count_check CHECK (created_count >= 0),
    CONSTRAINT async_actions_done_count_check CHECK (done_count >= 0),
    CONSTRAINT async_actions_ended_by_check
        CHECK (ended_by = ANY (ARRAY['COMPLETED', 'CANCELED', 'STOPPED', 'REJECTED', 'GAVE_UP'])),
    CONSTRAINT async_actions_failed_count_check CHECK (failed_count >= 0),
    CONSTRAINT async_actions_on_error_check CHECK (on_error = ANY (ARRAY['continue', 'stop', 'reject'])),
    CONSTRAINT async_actions_open_batches_check CHECK (open_batches >= 0),
    CONSTRAINT async_actions_open_count_check CHECK (open_count >= 0),
    CONSTRAINT async_actions_operation_status_check
        CHECK (operation_status = ANY (ARRAY['UNKNOWN', 'SUCCESS', 'FAILED'])),
    CONSTRAINT async_actions_retry_count_check CHECK (retry_count >= 0),
    CONSTRAINT async_actions_status_check CHECK (status = ANY (ARRAY['ENQUEUED', 'IN_PROGRESS', 'DONE', 'FAILED'])),
    CONSTRAINT async_actions_total_count_check CHECK (total_count >= 0),
    CONSTRAINT async_actions_unprocessed_count_check CHECK (unprocessed_count >= 0),
    CONSTRAINT created_are_done CHECK (created_count <= done_count),
    CONSTRAINT done_means_no_row_is_left CHECK (status <> 'DONE' OR open_batches = 0 AND unprocessed_count = 0),
    CONSTRAINT ended_means_no_row_is_open CHECK ((status <> ALL (ARRAY['DONE', 'FAILED'])) OR open_count = 0),
    CONSTRAINT ended_somehow_exactly_when_ended
        CHECK (CASE status
        WHEN 'DONE' THEN NOT ended_by IS DISTINCT FROM 'COMPLETED'
        WHEN 'FAILED' THEN ended_by <> 'COMPLETED'
        AND ended_by IS NOT NULL
        ELSE ended_by IS NULL END),
    CONSTRAINT every_row_counts_once
        CHECK ((done_count + failed_count + unprocessed_count + open_count) = total_count),
    CONSTRAINT finished_exactly_when_ended
        CHECK ((finished_at IS NOT NULL) = (status = ANY (ARRAY['DONE', 'FAILED']))),
    CONSTRAINT outcome_known_exactly_when_ended
        CHECK (operation_status = CASE status
        WHEN 'DONE' THEN 'SUCCESS'
        WHEN 'FAILED' THEN 'FAILED'
        ELSE 'UNKNOWN' END)
) WITH (fillfactor=80);
CREATE INDEX async_actions_by_end ON async_actions (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX async_actions_by_parent ON async_actions (project_id, parent_id, created_at DESC, id DESC)
    WHERE parent_id IS NOT NULL;
CREATE INDEX async_actions_by_status ON async_actions (project_id, status, created_at DESC, id DESC);
CREATE INDEX async_actions_by_time ON async_actions (project_id, created_at DESC, id DESC);
CREATE INDEX async_actions_by_type ON async_actions (project_id, type, status, created_at DESC, id DESC);
CREATE INDEX async_actions_in_order ON async_actions (project_id, served_at, number)
    WHERE ready AND (status = ANY (ARRAY['ENQUEUED', 'IN_PROGRESS']));
CREATE INDEX async_actions_in_sequence ON async_actions (project_id, sequence, number)
    WHERE sequence IS NOT NULL AND (status = ANY (ARRAY['ENQUEUED', 'IN_PROGRESS']));
CREATE INDEX async_actions_unfinished ON async_actions (project_id, id)
    WHERE status = ANY (ARRAY['ENQUEUED', 'IN_PROGRESS']);
CREATE INDEX async_actions_with_failures_kept ON async_actions (finished_at)
    WHERE failures_kept AND finished_at IS NOT NULL;
CREATE INDEX async_actions_with_report_kept ON async_actions (finished_at)
    WHERE report_kept AND finished_at IS NOT NULL;

CREATE TABLE attempts (
    project_id bigint NOT NULL,
    action_id text COLLATE "C" NOT NULL,
    first_row bigint NOT NULL,
    attempts integer NOT NULL,
    CONSTRAINT attempts_pkey PRIMARY KEY (project_id, action_id, first_row)
);

CREATE TABLE audit_chains (
    project_id bigint NOT NULL,
    number bigint NOT NULL DEFAULT 0,
    hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
    removed_number bigint NOT NULL DEFAULT 0,
    removed_hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
    CONSTRAINT audit_chains_pkey PRIMARY KEY (project_id),
    CONSTRAINT audit_chains_hash_check CHECK (octet_length(hash) = 32),
    CONSTRAINT audit_chains_removed_hash_check CHECK (octet_length(removed_hash) = 32),
    CONSTRAINT removed_are_behind CHECK (0 <= removed_number AND removed_number <= number)
) WITH (fillfactor=50);

CREATE TABLE audit_log (
    project_id bigint NOT NULL,
    number bigint NOT NULL,
    hash bytea NOT NULL,
    id text COLLATE "C" NOT NULL,
    created_at timestamp with time zone NOT NULL,
    event text NOT NULL,
    outcome text NOT NULL,
    door text NOT NULL,
    key_id text,
    key_kind text,
    token_id text,
    session_id text,
    address text,
    request_id text,
    action_id text COLLATE "C",
    resource_type text,
    resource_id text COLLATE "C",
    details jsonb NOT NULL,
    format smallint NOT NULL DEFAULT 1,
    CONSTRAINT audit_log_pkey PRIMARY KEY (project_id, number),
    CONSTRAINT audit_log_project_id_id_key UNIQUE (project_id, id),
    CONSTRAINT audit_log_details_check CHECK (jsonb_typeof(details) = 'object'),
    CONSTRAINT audit_log_door_check CHECK (door = ANY (ARRAY['api', 'dashboard', 'worker', 'server'])),
    CONSTRAINT audit_log_hash_check CHECK (octet_length(hash) = 32),
    CONSTRAINT audit_log_number_check CHECK (number > 0),
    CONSTRAINT audit_log_outcome_check CHECK (outcome = ANY (ARRAY['success', 'failed', 'refused']))
);
CREATE INDEX audit_log_by_action ON audit_log (project_id, action_id, number) WHERE action_id IS NOT NULL;
CREATE INDEX audit_log_by_event ON audit_log (project_id, event, number)
    WHERE event <> 'action.submit' AND event <> 'action.end';
CREATE INDEX audit_log_by_resource ON audit_log (project_id, resource_id, number)
    WHERE resource_id IS NOT NULL AND resource_type <> 'async_action';
CREATE INDEX audit_log_by_time ON audit_log (project_id, created_at);

CREATE TABLE audit_pending (
    project_id bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    created_at timestamp with time zone NOT NULL,
    event text NOT NULL,
    outcome text NOT NULL,
    door text NOT NULL,
    key_id text,
    key_kind text,
    token_id text,
    session_id text,
    address text,
    request_id text,
    action_id text COLLATE "C",
    resource_type text,
    resource_id text COLLATE "C",
    details jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT audit_pending_pkey PRIMARY KEY (project_id, id),
    CONSTRAINT audit_pending_details_check CHECK (jsonb_typeof(details) = 'object'),
    CONSTRAINT audit_pending_door_check CHECK (door = ANY (ARRAY['api', 'dashboard', 'worker', 'server'])),
    CONSTRAINT audit_pending_outcome_check CHECK (outcome = ANY (ARRAY['success', 'failed', 'refused']))
);

CREATE TABLE batches (
    project_id bigint NOT NULL,
    action_id text COLLATE "C" NOT NULL,
    first_row bigint NOT NULL,
    row_count bigint NOT NULL,
    body bytea STORAGE EXTERNAL NOT NULL,
    status text NOT NULL DEFAULT 'OPEN',
    done_count bigint NOT NULL DEFAULT 0,
    failed_count bigint NOT NULL DEFAULT 0,
    closed_at timestamp with time zone,
    unprocessed_count bigint NOT NULL DEFAULT 0,
    lines bigint[],
    broken bigint[],
    uncompressed_size bigint,
    CONSTRAINT batches_pkey PRIMARY KEY (project_id, action_id, first_row),
    CONSTRAINT batches_done_count_check CHECK (done_count >= 0),
    CONSTRAINT batches_failed_count_check CHECK (failed_count >= 0),
    CONSTRAINT batches_first_row_check CHECK (first_row > 0),
    CONSTRAINT batches_row_count_check CHECK (row_count > 0 OR row_count = 0 AND status = 'CLOSED'),
    CONSTRAINT batches_status_check CHECK (status = ANY (ARRAY['OPEN', 'CLOSED'])),
    CONSTRAINT batches_uncompressed_size_check CHECK (uncompressed_size > 0),
    CONSTRAINT batches_unprocessed_count_check CHECK (unprocessed_count >= 0),
    CONSTRAINT closed_exactly_once CHECK ((closed_at IS NOT NULL) = (status = 'CLOSED')),
    CONSTRAINT closed_means_every_row_accounted_for
        CHECK (status <> 'CLOSED' OR (done_count + failed_count + unprocessed_count) = row_count)
) WITH (fillfactor=80);
CREATE INDEX batches_open ON batches (project_id, action_id, first_row) WHERE status = 'OPEN';

CREATE TABLE bin_entries (
    project_id bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    resource_id text COLLATE "C" NOT NULL,
    resource_type text NOT NULL,
    resource_name text,
    resource_parent_id text,
    deleted_by text NOT NULL,
    content jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT bin_entries_pkey PRIMARY KEY (project_id, id)
);

CREATE TABLE campaigns (
    project_id bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    campaign_type text NOT NULL,
    type text NOT NULL,
    active boolean NOT NULL,
    start_date timestamp with time zone,
    expiration_date timestamp with time zone,
    voucher jsonb NOT NULL,
    settings jsonb NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone,
    category text,
    CONSTRAINT campaigns_pkey PRIMARY KEY (project_id, id),
    CONSTRAINT campaigns_project_id_name_key UNIQUE (project_id, name),
    CONSTRAINT campaigns_metadata_check CHECK (jsonb_typeof(metadata) = 'object'),
    CONSTRAINT campaigns_settings_check CHECK (jsonb_typeof(settings) = 'object'),
    CONSTRAINT campaigns_type_check CHECK (type = ANY (ARRAY['AUTO_UPDATE', 'STATIC', 'STANDALONE'])),
    CONSTRAINT campaigns_voucher_check CHECK (jsonb_typeof(voucher) = 'object')
);

CREATE TABLE categories (
    project_id bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    hierarchy bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone,
    CONSTRAINT categories_pkey PRIMARY KEY (project_id, id),
    CONSTRAINT categories_project_id_name_key UNIQUE (project_id, name),
    CONSTRAINT categories_hierarchy_check CHECK (hierarchy >= 0),
    CONSTRAINT categories_name_check CHECK (name <> '')
);

CREATE TABLE category_labels (
    project_id bigint NOT NULL,
    label text COLLATE "C" NOT NULL,
    name text COLLATE "C",
    category_id text COLLATE "C",
    CONSTRAINT category_labels_pkey PRIMARY KEY (project_id, label),
    CONSTRAINT category_labels_project_id_name_key UNIQUE (project_id, name),
    CONSTRAINT category_labels_project_id_category_id_fkey
        FOREIGN KEY (project_id, category_id)
        REFERENCES categories(project_id, id)
);

CREATE TABLE customers (
    project_id bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    source_id text COLLATE "C",
    name text,
    email text,
    phone text,
    description text,
    birthdate date,
    address jsonb,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone,
    CONSTRAINT customers_pkey PRIMARY KEY (project_id, id),
    CONSTRAINT customers_project_id_source_id_key UNIQUE (project_id, source_id),
    CONSTRAINT customers_metadata_check CHECK (jsonb_typeof(metadata) = 'object')
) WITH (fillfactor=90);
CREATE INDEX customers_by_creation ON customers (project_id, created_at, id);

CREATE TABLE dry_run_keys (
    project_id bigint NOT NULL,
    action_id text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    CONSTRAINT dry_run_keys_pkey PRIMARY KEY (project_id, action_id, key)
);

CREATE TABLE failures (
    project_id bigint NOT NULL,
    action_id text COLLATE "C" NOT NULL,
    "row" bigint NOT NULL,
    key text,
    reason text NOT NULL,
    error_key text,
    line bigint,
    reason_group bigint,
    CONSTRAINT failures_pkey PRIMARY KEY (project_id, action_id, "row"),
    CONSTRAINT failures_project_id_action_id_fkey
        FOREIGN KEY (project_id, action_id)
        REFERENCES async_actions(project_id, id),
    CONSTRAINT failures_row_check CHECK ("row" > 0)
);
CREATE INDEX failures_by_group ON failures (project_id, reason_group, "row") WHERE reason_group IS NOT NULL;
CREATE INDEX failures_by_reason ON failures (project_id, hashtextextended(reason, hashtextextended(action_id, 0::bigint)), "row")
    WHERE reason_group IS NOT NULL;

CREATE TABLE idempotency_keys (
    project_id bigint NOT NULL,
    key text COLLATE "C" NOT NULL,
    digest bytea NOT NULL,
    action_id text COLLATE "C" NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (project_id, key),
    CONSTRAINT idempotency_keys_digest_check CHECK (octet_length(digest) = 32)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

CREATE TABLE metadata_schemas (
    project_id bigint NOT NULL,
    related_object text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    properties jsonb NOT NULL,
    allow_defined_only boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone,
    CONSTRAINT metadata_schemas_pkey PRIMARY KEY (project_id, related_object),
    CONSTRAINT metadata_schemas_project_id_id_key UNIQUE (project_id, id),
    CONSTRAINT metadata_schemas_properties_check CHECK (jsonb_typeof(properties) = 'object')
);

CREATE TABLE orders (
    project_id bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    source_id text COLLATE "C",
    status text NOT NULL,
    amount bigint,
    initial_amount bigint,
    discount_amount bigint,
    items jsonb NOT NULL DEFAULT '[]',
    customer_id text COLLATE "C",
    referrer_id text COLLATE "C",
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone,
    CONSTRAINT orders_pkey PRIMARY KEY (project_id, id),
    CONSTRAINT orders_project_id_source_id_key UNIQUE (project_id, source_id),
    CONSTRAINT orders_items_check CHECK (jsonb_typeof(items) = 'array'),
    CONSTRAINT orders_metadata_check CHECK (jsonb_typeof(metadata) = 'object'),
    CONSTRAINT orders_status_check CHECK (status = ANY (ARRAY['CREATED', 'PAID', 'CANCELED', 'FULFILLED']))
) WITH (fillfactor=90);
CREATE INDEX orders_of_customer ON orders (project_id, customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX orders_of_referrer ON orders (project_id, referrer_id) WHERE referrer_id IS NOT NULL;

CREATE TABLE products (
    project_id bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    source_id text COLLATE "C",
    name text,
    price bigint,
    attributes jsonb NOT NULL DEFAULT '[]',
    image_url text,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone,
    CONSTRAINT products_pkey PRIMARY KEY (project_id, id),
    CONSTRAINT products_project_id_source_id_key UNIQUE (project_id, source_id),
    CONSTRAINT products_attributes_check CHECK (jsonb_typeof(attributes) = 'array'),
    CONSTRAINT products_metadata_check CHECK (jsonb_typeof(metadata) = 'object')
) WITH (fillfactor=90);

CREATE TABLE projects (
    project_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    id text COLLATE "C" NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    description text NOT NULL DEFAULT '',
    timezone text NOT NULL DEFAULT 'UTC',
    currency text,
    dial_code text,
    client_settings jsonb NOT NULL DEFAULT '{}',
    deletion_id text COLLATE "C",
    deletion_key_id text,
    deletion_started_at timestamp with time zone,
    deleted_at timestamp with time zone,
    deleted_rows bigint,
    max_rows_per_day bigint,
    max_stored_rows bigint,
    max_open_actions bigint,
    CONSTRAINT projects_pkey PRIMARY KEY (project_id),
    CONSTRAINT projects_id_key UNIQUE (id),
    CONSTRAINT a_deletion_has_a_start CHECK ((deletion_id IS NULL) = (deletion_started_at IS NULL)),
    CONSTRAINT deleted_by_a_deletion CHECK (deleted_at IS NULL OR deletion_id IS NOT NULL),
    CONSTRAINT deleted_rows_are_counted CHECK ((deletion_id IS NULL) = (deleted_rows IS NULL)),
    CONSTRAINT projects_client_settings_check CHECK (jsonb_typeof(client_settings) = 'object'),
    CONSTRAINT projects_deleted_rows_check CHECK (deleted_rows >= 0),
    CONSTRAINT projects_max_open_actions_check CHECK (max_open_actions > 0),
    CONSTRAINT projects_max_rows_per_day_check CHECK (max_rows_per_day > 0),
    CONSTRAINT projects_max_stored_rows_check CHECK (max_stored_rows > 0)
);

CREATE TABLE reason_counts (
    project_id bigint NOT NULL,
    action_id text COLLATE "C" NOT NULL,
    digest bytea NOT NULL,
    reason text,
    sole_reason text,
    count bigint NOT NULL,
    first_rows bigint[] NOT NULL,
    first_lines bigint[] NOT NULL,
    CONSTRAINT reason_counts_pkey PRIMARY KEY (project_id, action_id, digest),
    CONSTRAINT reason_counts_project_id_action_id_fkey
        FOREIGN KEY (project_id, action_id)
        REFERENCES async_actions(project_id, id),
    CONSTRAINT reason_counts_count_check CHECK (count > 0),
    CONSTRAINT reason_counts_digest_check CHECK (octet_length(digest) = 32)
) WITH (fillfactor=70);

CREATE TABLE removals (
    project_id bigint NOT NULL,
    action_id text COLLATE "C" NOT NULL,
    everything boolean NOT NULL,
    CONSTRAINT removals_pkey PRIMARY KEY (project_id, action_id)
);

CREATE TABLE report_parts (
    project_id bigint NOT NULL,
    action_id text COLLATE "C" NOT NULL,
    first_row bigint NOT NULL,
    body text NOT NULL,
    CONSTRAINT report_parts_pkey PRIMARY KEY (project_id, action_id, first_row),
    CONSTRAINT report_parts_project_id_action_id_fkey
        FOREIGN KEY (project_id, action_id)
        REFERENCES async_actions(project_id, id)
);

CREATE TABLE schedules (
    project_id bigint NOT NULL,
    next_slot bigint NOT NULL,
    accepted bigint NOT NULL DEFAULT 0,
    closed boolean NOT NULL DEFAULT false,
    CONSTRAINT schedules_pkey PRIMARY KEY (project_id),
    CONSTRAINT closed_accepts_nothing CHECK (NOT closed OR accepted = 0)
) WITH (fillfactor=50);

CREATE TABLE secrets (
    name text NOT NULL,
    value bytea NOT NULL,
    CONSTRAINT secrets_pkey PRIMARY KEY (name)
);

CREATE TABLE sessions (
    project_id bigint NOT NULL,
    id bytea NOT NULL,
    sealed bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT sessions_pkey PRIMARY KEY (project_id, id),
    CONSTRAINT sessions_id_check CHECK (octet_length(id) = 32)
);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE skus (
    project_id bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    source_id text COLLATE "C",
    product_id text COLLATE "C" NOT NULL,
    sku text,
    price bigint,
    currency text,
    attributes jsonb NOT NULL DEFAULT '{}',
    image_url text,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone,
    CONSTRAINT skus_pkey PRIMARY KEY (project_id, id),
    CONSTRAINT skus_project_id_source_id_key UNIQUE (project_id, source_id),
    CONSTRAINT skus_project_id_product_id_fkey
        FOREIGN KEY (project_id, product_id)
        REFERENCES products(project_id, id) ON DELETE CASCADE,
    CONSTRAINT skus_attributes_check CHECK (jsonb_typeof(attributes) = 'object'),
    CONSTRAINT skus_metadata_check CHECK (jsonb_typeof(metadata) = 'object')
) WITH (fillfactor=90);
CREATE INDEX skus_of_product ON skus (project_id, product_id, id);

CREATE TABLE uploads (
    project_id bigint NOT NULL,
    action_id text COLLATE "C" NOT NULL,
    begun_at timestamp with time zone NOT NULL,
    touched_at timestamp with time zone NOT NULL,
    CONSTRAINT uploads_pkey PRIMARY KEY (project_id, action_id)
);

CREATE TABLE usage_windows (
    project_id bigint NOT NULL,
    name text COLLATE "C" NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    taken bigint NOT NULL,
    reserved bigint NOT NULL,
    CONSTRAINT usage_windows_pkey PRIMARY KEY (project_id, name),
    CONSTRAINT usage_windows_reserved_check CHECK (reserved >= 0),
    CONSTRAINT usage_windows_taken_check CHECK (taken >= 0)
);
CREATE INDEX usage_windows_by_end ON usage_windows (ends_at);

CREATE TABLE vouchers (
    project_id bigint NOT NULL,
    code text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    type text NOT NULL,
    active boolean NOT NULL DEFAULT true,
    category text,
    start_date timestamp with time zone,
    expiration_date timestamp with time zone,
    discount jsonb,
    gift jsonb,
    loyalty_card jsonb,
    extras jsonb,
    redemption_quantity bigint,
    redeemed_quantity bigint NOT NULL DEFAULT 0,
    redeemed_amount bigint,
    additional_info text,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone,
    campaign_id text COLLATE "C",
    CONSTRAINT vouchers_pkey PRIMARY KEY (project_id, code),
    CONSTRAINT vouchers_project_id_id_key UNIQUE (project_id, id),
    CONSTRAINT vouchers_metadata_check CHECK (jsonb_typeof(metadata) = 'object'),
    CONSTRAINT vouchers_redeemed_amount_check CHECK (redeemed_amount >= 0),
    CONSTRAINT vouchers_redeemed_quantity_check CHECK (redeemed_quantity >= 0),
    CONSTRAINT vouchers_redemption_quantity_check CHECK (redemption_quantity >= 0),
    CONSTRAINT vouchers_type_check CHECK (type = ANY (ARRAY['DISCOUNT_VOUCHER', 'GIFT_VOUCHER', 'LOYALTY_CARD']))
);
CREATE INDEX vouchers_of_campaign ON vouchers (project_id, campaign_id, code) WHERE campaign_id IS NOT NULL;

CREATE TABLE webhook_deliveries (
    project_id bigint NOT NULL,
    webhook_id text COLLATE "C" NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    event text NOT NULL,
    step smallint NOT NULL,
    action_id text COLLATE "C",
    data json NOT NULL,
    status text NOT NULL DEFAULT 'PENDING',
    attempts bigint NOT NULL DEFAULT 0,
    created_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    attempted_at timestamp with time zone,
    delivered_at timestamp with time zone,
    last_status bigint,
    last_error text,
    resent_after bigint NOT NULL DEFAULT 0,
    history jsonb NOT NULL DEFAULT '[]',
    CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (project_id, webhook_id, event_id),
    CONSTRAINT delivered_exactly_when_it_says_so CHECK ((delivered_at IS NOT NULL) = (status = 'DELIVERED')),
    CONSTRAINT history_is_bounded CHECK (jsonb_array_length(history) <= 30),
    CONSTRAINT resent_after_attempts_that_were_made CHECK (resent_after >= 0 AND resent_after <= attempts),
    CONSTRAINT webhook_deliveries_attempts_check CHECK (attempts >= 0),
    CONSTRAINT webhook_deliveries_history_check CHECK (jsonb_typeof(history) = 'array'),
    CONSTRAINT webhook_deliveries_status_check CHECK (status = ANY (ARRAY['PENDING', 'DELIVERED', 'GIVEN_UP']))
) WITH (fillfactor=80);
CREATE INDEX webhook_deliveries_by_action ON webhook_deliveries (project_id, action_id);
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (created_at) WHERE status <> 'PENDING';
CREATE INDEX webhook_deliveries_by_time ON webhook_deliveries (project_id, webhook_id, created_at DESC, event_id DESC);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (project_id, webhook_id, due_at, step, event_id)
    WHERE status = 'PENDING';
CREATE INDEX webhook_deliveries_expiring ON webhook_deliveries (expires_at) WHERE status = 'PENDING';
CREATE INDEX webhook_deliveries_of_action ON webhook_deliveries (project_id, webhook_id, action_id)
    WHERE status = 'PENDING';

CREATE TABLE webhooks (
    project_id bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    target_url text NOT NULL,
    events text[] NOT NULL,
    active boolean NOT NULL,
    failure_threshold double precision NOT NULL,
    secret bytea NOT NULL,
    previous_secret bytea,
    previous_until timestamp with time zone,
    failing_since timestamp with time zone,
    paused_until timestamp with time zone,
    disabled_reason text,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT webhooks_pkey PRIMARY KEY (project_id, id),
    CONSTRAINT disabled_means_not_active CHECK (disabled_reason IS NULL OR NOT active),
    CONSTRAINT previous_secret_has_an_end CHECK ((previous_secret IS NULL) = (previous_until IS NULL)),
    CONSTRAINT webhooks_events_check CHECK (cardinality(events) > 0),
    CONSTRAINT webhooks_failure_threshold_check
        CHECK (failure_threshold >= 0::double precision AND failure_threshold < 100::double precision),
    CONSTRAINT webhooks_target_url_check CHECK (target_url <> '')
);

CREATE TABLE wrong_credentials (
    digest bytea NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    count bigint NOT NULL,
    CONSTRAINT wrong_credentials_pkey PRIMARY KEY (digest),
    CONSTRAINT wrong_credentials_count_check CHECK (count > 0),
    CONSTRAINT wrong_credentials_digest_check CHECK (octet_length(digest) = 16)
);
CREATE INDEX wrong_credentials_by_end ON wrong_credentials (ends_at);
