-- name: present
SELECT date_trunc('milliseconds', statement_timestamp()) AS present
