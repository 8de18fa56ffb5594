-- How many rows of a project were deleted is counted with each batch that deletes some, whichever action it is of: one that
-- is begun anew goes on counting. Of deletions under way, what their present action has deleted is known.
ALTER TABLE projects
    DROP CONSTRAINT deleted_rows_are_counted;
UPDATE projects
SET deleted_rows = coalesce((SELECT done_count FROM async_actions WHERE project_id = 0 AND id = deletion_id), 0)
WHERE deletion_id IS NOT NULL AND deleted_at IS NULL;
ALTER TABLE projects
    ADD CONSTRAINT deleted_rows_are_counted CHECK ((deletion_id IS NULL) = (deleted_rows IS NULL));
