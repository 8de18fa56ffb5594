-- name: add_wrong
-- In one order, so that two processes that add the same do not wait for each other in a circle. A minute that
-- ends later than one would that begins now was begun by a statement that came later and had the row first.
INSERT INTO wrong_credentials AS known (digest, ends_at, count)
SELECT digest, statement_timestamp() + make_interval(secs => :seconds), count
FROM
    unnest(:digests::bytea[], :counts::bigint[]) AS new (digest, count),
    set_config('synchronous_commit', 'off', true)
ORDER BY digest
ON CONFLICT (digest) DO UPDATE SET
    ends_at = CASE
        WHEN known.ends_at
            BETWEEN statement_timestamp() AND excluded.ends_at + make_interval(secs => :seconds)
            THEN known.ends_at
        ELSE excluded.ends_at
    END,
    count = excluded.count + CASE
        WHEN known.ends_at
            BETWEEN statement_timestamp() AND excluded.ends_at + make_interval(secs => :seconds)
            THEN known.count
        ELSE 0
    END
RETURNING digest, count, extract(epoch FROM ends_at - statement_timestamp())::float8 AS seconds

-- name: delete_over!
WITH picked AS MATERIALIZED (
    SELECT digest FROM wrong_credentials
    WHERE ends_at < statement_timestamp()
    ORDER BY ends_at LIMIT :step FOR UPDATE SKIP LOCKED
)
DELETE FROM wrong_credentials
WHERE digest IN (SELECT digest FROM picked)

-- What was right is a digest among the others: of another name, and counted once.

-- name: add_right!
INSERT INTO wrong_credentials AS known (digest, ends_at, count)
SELECT digest, statement_timestamp() + make_interval(secs => seconds), 1
FROM
    unnest(:digests::bytea[], :seconds::float8[]) AS new (digest, seconds),
    set_config('synchronous_commit', 'off', true)
ORDER BY digest
ON CONFLICT (digest) DO UPDATE SET ends_at = greatest(known.ends_at, excluded.ends_at)

-- name: find_right
SELECT digest FROM wrong_credentials WHERE digest = ANY(:digests::bytea[]) AND ends_at > statement_timestamp()

-- name: delete_right!
WITH picked AS MATERIALIZED (
    SELECT digest FROM wrong_credentials WHERE digest = ANY(:digests::bytea[]) ORDER BY digest FOR UPDATE
)
DELETE FROM wrong_credentials
WHERE digest IN (SELECT digest FROM picked)
