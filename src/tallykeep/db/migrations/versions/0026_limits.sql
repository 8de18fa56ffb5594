-- What a project has taken of something that is limited within a window of time: requests a minute, rows a day. API processes
-- reserve parts of it; `reserved` is the last of these.
CREATE TABLE usage_windows (
    project_id bigint NOT NULL,
    name text COLLATE "C" NOT NULL,
    ends_at timestamptz NOT NULL,
    taken bigint NOT NULL CHECK (taken >= 0),
    reserved bigint NOT NULL CHECK (reserved >= 0),
    PRIMARY KEY (project_id, name)
);
CREATE INDEX usage_windows_by_end ON usage_windows (ends_at);

-- Wrong credentials of the last minute, of all API processes together; what they are counted by is a digest. They belong to
-- no project: who has sent them is not known.
CREATE TABLE wrong_credentials (
    digest bytea PRIMARY KEY CHECK (octet_length(digest) = 16),
    ends_at timestamptz NOT NULL,
    count bigint NOT NULL CHECK (count > 0)
);
CREATE INDEX wrong_credentials_by_end ON wrong_credentials (ends_at);
