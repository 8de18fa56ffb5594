-- How many rows of an action failed for a reason, those that differ only by the values in them together; `sole_reason`
-- where all of them have the same. Where the counts of an action do not add up to its failed_count, its failures have
-- to be counted. After its end the rest of many groups may be one row, without a reason.
CREATE TABLE reason_counts (
    project_id bigint NOT NULL,
    action_id text COLLATE "C" NOT NULL,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    reason text,
    sole_reason text,
    count bigint NOT NULL CHECK (count > 0),
    first_rows bigint[] NOT NULL,
    first_lines bigint[] NOT NULL,
    PRIMARY KEY (project_id, action_id, digest),
    CONSTRAINT reason_counts_project_id_action_id_fkey
        FOREIGN KEY (project_id, action_id)
        REFERENCES async_actions (project_id, id)
) WITH (fillfactor = 70);

-- The number of a failure's group (engine/reason_groups.py); none where it failed under an earlier version: such rows are
-- neither written anew nor in the indexes, and found by reading all of an action's.
ALTER TABLE failures ADD reason_group bigint;
CREATE INDEX failures_by_group ON failures (project_id, reason_group, "row") WHERE reason_group IS NOT NULL;
CREATE INDEX failures_by_reason
    ON failures (project_id, hashtextextended(reason, hashtextextended(action_id, 0)), "row")
    WHERE reason_group IS NOT NULL;
