-- name: describe
SELECT current_setting('server_version') AS version, pg_database_size(current_database()) AS size_bytes
