-- name: limit_waiting
SELECT set_config('lock_timeout', :milliseconds, true)

-- name: present
SELECT date_trunc('milliseconds', statement_timestamp()) AS moment
