-- What age has not yet removed of an action that has ended.
ALTER TABLE async_actions
    ADD COLUMN failures_kept boolean NOT NULL DEFAULT true,
    ADD COLUMN report_kept boolean NOT NULL DEFAULT true;

CREATE INDEX async_actions_by_end ON async_actions (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX async_actions_with_failures_kept ON async_actions (finished_at)
    WHERE failures_kept AND finished_at IS NOT NULL;
CREATE INDEX async_actions_with_report_kept ON async_actions (finished_at)
    WHERE report_kept AND finished_at IS NOT NULL;

-- What is being removed: what is not kept, and in the end the action itself where `whole`. Whoever is interrupted
-- finds here what to go on with.
CREATE TABLE removals (
    project_id bigint NOT NULL,
    action_id text COLLATE "C" NOT NULL,
    whole boolean NOT NULL,
    PRIMARY KEY (project_id, action_id)
);
