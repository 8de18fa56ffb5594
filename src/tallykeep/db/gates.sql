-- name: hold
-- One after another in the order of their keys, which is the same for everybody.
SELECT pg_advisory_xact_lock_shared(project, gate), date_trunc('milliseconds', clock_timestamp()) AS timestamp
FROM (
    SELECT DISTINCT (:project_id & 2147483647)::int AS project, hashtext(name) AS gate
    FROM unnest(:held::text[]) AS name
    ORDER BY gate
) AS gates

-- name: hold_if_open
-- Those of several projects, without waiting; says for each whether it has all of them.
SELECT project_id, bool_and(pg_try_advisory_xact_lock_shared(project, gate)) AS held,
    date_trunc('milliseconds', max(clock_timestamp())) AS timestamp
FROM (
    SELECT DISTINCT project_id, (project_id & 2147483647)::int AS project, hashtext(name) AS gate
    FROM unnest(:project_ids::bigint[], :held::text[]) AS each (project_id, name)
) AS gates
GROUP BY project_id

-- name: pass_gates
-- The settings come into force before the first wait, and the present is that of the last lock.
SELECT
    set_config('lock_timeout', :timeout, true) AS timeout,
    set_config('idle_in_transaction_session_timeout', :silence, true) AS silence,
    CASE WHEN is_changed THEN pg_advisory_xact_lock(project, gate) ELSE pg_advisory_xact_lock_shared(project, gate) END,
    date_trunc('milliseconds', clock_timestamp()) AS timestamp
FROM (
    SELECT (:project_id & 2147483647)::int AS project, hashtext(name) AS gate, bool_or(is_changed) AS is_changed
    FROM (
        SELECT unnest(:changed::text[]) AS name, true AS is_changed
        UNION ALL
        SELECT unnest(:held::text[]), false
    ) AS wanted
    GROUP BY gate
    ORDER BY gate
) AS gates
