CREATE TABLE categories (
    project_id bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL CHECK (name <> ''),
    hierarchy bigint NOT NULL CHECK (hierarchy >= 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz,
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, name)
);

-- What the labels that vouchers and campaigns carry stand for; one that is not in here is its own name.
-- A label stands for a category, else for its name, else (once a category was taken off what carried it) for nothing.
-- `name`: what is written as this label from now on.
CREATE TABLE category_labels (
    project_id bigint NOT NULL,
    label text COLLATE "C" NOT NULL,
    name text COLLATE "C",
    category_id text COLLATE "C",
    PRIMARY KEY (project_id, label),
    UNIQUE (project_id, name),
    FOREIGN KEY (project_id, category_id) REFERENCES categories (project_id, id)
);

ALTER TABLE campaigns ADD COLUMN category text;
UPDATE campaigns SET category = settings ->> 'category', settings = settings - 'category' WHERE settings ? 'category';
