-- name: reserve
-- Nothing is reserved where less than `needed` is left. A window that ends later than one would that begins now was begun by a
-- statement that came later and had the row first; one that ends later by a whole window is of a clock that was put back since.
INSERT INTO usage_windows AS known (project_id, name, ends_at, taken, reserved)
SELECT :project_id, :name, new.ends_at, new.reserved, new.reserved
FROM (
    SELECT
        CASE
            WHEN :is_aligned
                THEN to_timestamp((floor(extract(epoch FROM statement_timestamp()) / :seconds) + 1) * :seconds)
            ELSE statement_timestamp() + make_interval(secs => :seconds)
        END AS ends_at,
        CASE WHEN :maximum::bigint >= :needed::bigint THEN least(:wanted::bigint, :maximum::bigint) ELSE 0 END AS reserved
    FROM set_config('synchronous_commit', 'off', true)
) AS new
ON CONFLICT (project_id, name) DO UPDATE SET
    ends_at = CASE
        WHEN known.ends_at
            BETWEEN statement_timestamp() AND excluded.ends_at + make_interval(secs => :seconds)
            THEN known.ends_at
        ELSE excluded.ends_at
    END,
    taken = CASE
        WHEN known.ends_at
            NOT BETWEEN statement_timestamp() AND excluded.ends_at + make_interval(secs => :seconds)
            THEN excluded.taken
        WHEN :maximum::bigint - known.taken >= :needed::bigint
            THEN known.taken + least(:wanted::bigint, :maximum::bigint - known.taken)
        ELSE known.taken
    END,
    reserved = CASE
        WHEN known.ends_at
            NOT BETWEEN statement_timestamp() AND excluded.ends_at + make_interval(secs => :seconds)
            THEN excluded.reserved
        WHEN :maximum::bigint - known.taken >= :needed::bigint THEN least(:wanted::bigint, :maximum::bigint - known.taken)
        ELSE 0
    END
RETURNING reserved, taken, ends_at, extract(epoch FROM ends_at - statement_timestamp())::float8 AS seconds

-- name: give_back
UPDATE usage_windows
SET taken = greatest(0, taken - :units)
FROM set_config('synchronous_commit', 'off', true)
WHERE project_id = :project_id AND name = :name AND ends_at = :ends_at
RETURNING taken

-- name: delete_over!
-- Those that were over an hour ago: nobody has asked for them since.
WITH picked AS MATERIALIZED (
    SELECT project_id, name FROM usage_windows
    WHERE ends_at < statement_timestamp() - interval '1 hour'
    ORDER BY ends_at LIMIT :step FOR UPDATE SKIP LOCKED
)
DELETE FROM usage_windows
WHERE (project_id, name) IN (SELECT project_id, name FROM picked)
