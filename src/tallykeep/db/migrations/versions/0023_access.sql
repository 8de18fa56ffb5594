-- Keys that were there could do everything, and still can. Without `scopes` a key has all permissions of its role; from
-- an empty list of `addresses` it may be used anywhere. A key that was rotated has its token before until `previous_until`.
ALTER TABLE api_keys
    DROP CONSTRAINT api_keys_kind_check,
    ADD CONSTRAINT api_keys_kind_check CHECK (kind IN ('app', 'management', 'service')),
    ADD role text NOT NULL DEFAULT 'admin' CHECK (role IN ('reader', 'operator', 'admin')),
    ADD scopes text[],
    ADD expires_at timestamptz,
    ADD addresses text[] NOT NULL DEFAULT '{}',
    ADD last_used_at timestamptz,
    ADD previous_token_hash bytea CHECK (octet_length(previous_token_hash) = 32),
    ADD previous_until timestamptz,
    ADD CONSTRAINT api_keys_previous_check CHECK ((previous_token_hash IS NULL) = (previous_until IS NULL));
ALTER TABLE api_keys ALTER role DROP DEFAULT;

-- Tokens of OAuth: each stands for a key, for a quarter of an hour. `scopes` are codes of permissions, none for all that
-- the key has; `scope` is what was asked for, in the words of the version that it was asked in.
CREATE TABLE access_tokens (
    project_id bigint NOT NULL,
    token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32),
    id text COLLATE "C" NOT NULL,
    key_kind text NOT NULL,
    key_id text COLLATE "C" NOT NULL,
    scopes text[],
    scope text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (project_id, token_hash)
);
CREATE INDEX access_tokens_by_expiry ON access_tokens (expires_at);
