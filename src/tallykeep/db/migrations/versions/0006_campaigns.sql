CREATE TABLE campaigns (
    project_id bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    campaign_type text NOT NULL,
    type text NOT NULL CHECK (type IN ('AUTO_UPDATE', 'STATIC', 'STANDALONE')),
    active boolean NOT NULL,
    start_date timestamptz,
    expiration_date timestamptz,
    voucher jsonb NOT NULL CHECK (jsonb_typeof(voucher) = 'object'),
    settings jsonb NOT NULL CHECK (jsonb_typeof(settings) = 'object'),
    metadata jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    created_at timestamptz NOT NULL,
    updated_at timestamptz,
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, name)
);

ALTER TABLE vouchers ADD COLUMN campaign_id text COLLATE "C";
CREATE INDEX vouchers_of_campaign ON vouchers (project_id, campaign_id, code) WHERE campaign_id IS NOT NULL;
