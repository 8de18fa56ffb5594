-- The order in which a project's actions were accepted: given under the lock of its row here, which lasts until the
-- acceptance is committed, so that it is the order of the commits whatever a host's clock says.
ALTER TABLE turns ADD COLUMN accepted bigint NOT NULL DEFAULT 0;

ALTER TABLE async_actions
    ADD COLUMN number bigint NOT NULL DEFAULT 0,
    ADD COLUMN open_count bigint NOT NULL DEFAULT 0 CHECK (open_count >= 0),
    -- Tries in a row that came to nothing, and why the last one did.
    ADD COLUMN retry_count bigint NOT NULL DEFAULT 0 CHECK (retry_count >= 0),
    ADD COLUMN retry_reason text,
    -- Those of them that an error ended: an action that waits for others is not given up.
    ADD COLUMN failed_tries bigint NOT NULL DEFAULT 0;

UPDATE async_actions AS action
SET number = numbered.number, open_count = total_count - done_count - failed_count - unprocessed_count
FROM (
    SELECT project_id, id, row_number() OVER (PARTITION BY project_id ORDER BY created_at, id) AS number
    FROM async_actions
) AS numbered
WHERE action.project_id = numbered.project_id AND action.id = numbered.id;

INSERT INTO turns AS present (project_id, next_turn, accepted)
SELECT project_id, 1, max(number) FROM async_actions GROUP BY project_id
ON CONFLICT (project_id) DO UPDATE SET accepted = excluded.accepted;

ALTER TABLE async_actions
    DROP CONSTRAINT no_more_outcomes_than_rows,
    DROP CONSTRAINT done_means_every_row_accounted_for,
    DROP CONSTRAINT ended_means_every_row_accounted_for,
    ADD CONSTRAINT every_row_counts_once
        CHECK (done_count + failed_count + unprocessed_count + open_count = total_count),
    ADD CONSTRAINT ended_means_no_row_is_open CHECK (status NOT IN ('DONE', 'FAILED') OR open_count = 0),
    ADD CONSTRAINT done_means_no_row_is_left
        CHECK (status <> 'DONE' OR (open_portions = 0 AND unprocessed_count = 0)),
    DROP CONSTRAINT async_actions_ended_by_check,
    ADD CONSTRAINT async_actions_ended_by_check
        CHECK (ended_by IN ('COMPLETED', 'CANCELED', 'STOPPED', 'REJECTED', 'GAVE_UP')),
    DROP CONSTRAINT ended_somehow_exactly_when_ended,
    ADD CONSTRAINT ended_somehow_exactly_when_ended CHECK (
        CASE status
            WHEN 'DONE' THEN ended_by IS NOT DISTINCT FROM 'COMPLETED'
            WHEN 'FAILED' THEN ended_by <> 'COMPLETED' AND ended_by IS NOT NULL
            ELSE ended_by IS NULL
        END
    );

DROP INDEX async_actions_in_sequence;
CREATE INDEX async_actions_in_sequence ON async_actions (project_id, sequence, number)
    WHERE sequence IS NOT NULL AND status IN ('ENQUEUED', 'IN_PROGRESS');
DROP INDEX async_actions_in_turn;
CREATE INDEX async_actions_in_turn ON async_actions (project_id, served_at, number)
    WHERE ready AND status IN ('ENQUEUED', 'IN_PROGRESS');

-- A portion of planned work counts what it met, which may be nothing by then.
ALTER TABLE portions
    DROP CONSTRAINT portions_row_count_check,
    ADD CONSTRAINT portions_row_count_check CHECK (row_count > 0 OR (row_count = 0 AND status = 'CLOSED'));
