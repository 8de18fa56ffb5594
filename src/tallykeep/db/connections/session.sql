-- name: set_own_limits
-- Whatever the database or the role has been given by others: their limits would end our work, again and again, and
-- what is written is serial by locks and second looks, under this isolation level.
SELECT
    set_config('timezone', 'UTC', false),
    set_config('default_transaction_isolation', 'read committed', false),
    set_config('statement_timeout', :statement_timeout, false),
    set_config('idle_in_transaction_session_timeout', '0', false),
    set_config('idle_session_timeout', '0', false),
    set_config('lock_timeout', :lock_timeout, false)

-- name: set_own_limit_of_transactions
-- There since PostgreSQL 17.
SELECT set_config('transaction_timeout', '0', false)
