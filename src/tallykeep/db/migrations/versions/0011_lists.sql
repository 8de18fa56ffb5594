-- Lists by each filter: every page is one stretch of an index, or a few.
DROP INDEX async_actions_by_type;
CREATE INDEX async_actions_by_type ON async_actions (project_id, type, status, created_at DESC, id DESC);
DROP INDEX async_actions_by_parent;
CREATE INDEX async_actions_by_parent ON async_actions (project_id, parent_id, created_at DESC, id DESC)
    WHERE parent_id IS NOT NULL;
