-- What was asked of an action beside its rows, as one value: what differs from the defaults.
ALTER TABLE async_actions ADD COLUMN submission_options jsonb NOT NULL DEFAULT '{}';

-- Of what was asked before, cells and ends are known by what came of it.
UPDATE async_actions
SET submission_options = jsonb_strip_nulls(jsonb_build_object(
    'dry_run', CASE WHEN dry_run THEN true END,
    'on_error', nullif(on_error, 'continue'),
    'max_failures', nullif(max_failures, 1),
    'last_day_counts', CASE WHEN source -> 'last_day_counts' = 'true' THEN true END
))
    || CASE WHEN source -> 'defaults' <> '{}' THEN jsonb_build_object('defaults', source -> 'defaults') ELSE '{}' END
    || CASE WHEN source -> 'values' <> '{}' THEN jsonb_build_object('values', source -> 'values') ELSE '{}' END
WHERE dry_run OR on_error <> 'continue' OR max_failures <> 1
    OR source -> 'defaults' <> '{}' OR source -> 'values' <> '{}' OR source -> 'last_day_counts' = 'true';

-- What statements filter by follows from it.
ALTER TABLE async_actions
    DROP COLUMN dry_run,
    DROP COLUMN on_error,
    DROP COLUMN max_failures,
    ADD COLUMN dry_run boolean NOT NULL
        GENERATED ALWAYS AS (coalesce((submission_options ->> 'dry_run')::boolean, false)) STORED,
    ADD COLUMN on_error text NOT NULL
        GENERATED ALWAYS AS (coalesce(submission_options ->> 'on_error', 'continue')) STORED
        CONSTRAINT async_actions_on_error_check CHECK (on_error IN ('continue', 'stop', 'reject'));
