-- Uploads whose portions come in: not accepted yet, so there is no action under their id. Who accepts one deletes its row
-- here in the same transaction; one that is not touched any more was broken off, and goes to `removals`.
CREATE TABLE uploads (
    project_id bigint NOT NULL,
    action_id text COLLATE "C" NOT NULL,
    begun_at timestamptz NOT NULL,
    touched_at timestamptz NOT NULL,
    PRIMARY KEY (project_id, action_id)
);

ALTER TABLE portions DROP CONSTRAINT portions_project_id_action_id_fkey;
