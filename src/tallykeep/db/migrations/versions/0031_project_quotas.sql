-- A project's own quotas; where one is null, the server's setting of that name holds.
ALTER TABLE projects
    ADD max_rows_per_day bigint CHECK (max_rows_per_day > 0),
    ADD max_stored_rows bigint CHECK (max_stored_rows > 0),
    ADD max_open_actions bigint CHECK (max_open_actions > 0);
