-- name: database_time
SELECT date_trunc('milliseconds', statement_timestamp()) AS timestamp
