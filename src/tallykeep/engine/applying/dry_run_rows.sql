-- name: limit_waiting
SELECT set_config('lock_timeout', :milliseconds, true)
