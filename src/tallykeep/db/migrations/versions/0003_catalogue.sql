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
    metadata jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    created_at timestamptz NOT NULL,
    updated_at timestamptz,
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, source_id)
) WITH (fillfactor = 90);

CREATE TABLE products (
    project_id bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    source_id text COLLATE "C",
    name text,
    price bigint,
    attributes jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(attributes) = 'array'),
    image_url text,
    metadata jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    created_at timestamptz NOT NULL,
    updated_at timestamptz,
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, source_id)
) WITH (fillfactor = 90);

CREATE TABLE skus (
    project_id bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    source_id text COLLATE "C",
    product_id text COLLATE "C" NOT NULL,
    sku text,
    price bigint,
    currency text,
    attributes jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(attributes) = 'object'),
    image_url text,
    metadata jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    created_at timestamptz NOT NULL,
    updated_at timestamptz,
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, source_id),
    FOREIGN KEY (project_id, product_id) REFERENCES products (project_id, id) ON DELETE CASCADE
) WITH (fillfactor = 90);

CREATE INDEX skus_of_product ON skus (project_id, product_id, id);
