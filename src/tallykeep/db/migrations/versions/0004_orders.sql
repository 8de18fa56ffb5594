CREATE TABLE orders (
    project_id bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    source_id text COLLATE "C",
    status text NOT NULL CHECK (status IN ('CREATED', 'PAID', 'CANCELED', 'FULFILLED')),
    amount bigint,
    initial_amount bigint,
    discount_amount bigint,
    items jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(items) = 'array'),
    customer_id text COLLATE "C",
    referrer_id text COLLATE "C",
    metadata jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    created_at timestamptz NOT NULL,
    updated_at timestamptz,
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, source_id)
) WITH (fillfactor = 90);
