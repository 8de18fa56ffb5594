ALTER TABLE portions RENAME TO batches;
ALTER TABLE async_actions RENAME open_portions TO open_batches;
ALTER TABLE turns RENAME TO schedules;
ALTER TABLE schedules RENAME next_turn TO next_slot;
ALTER INDEX portions_open RENAME TO batches_open;
ALTER INDEX async_actions_in_turn RENAME TO async_actions_in_order;

DO $$
DECLARE
    renamed record;
BEGIN
    FOR renamed IN
        SELECT
            conrelid::regclass AS on_table, conname AS old_name,
            replace(replace(replace(conname, 'portions', 'batches'), 'next_turn', 'next_slot'), 'turns', 'schedules') AS new_name
        FROM pg_constraint
        WHERE conrelid IN ('batches'::regclass, 'async_actions'::regclass, 'schedules'::regclass)
            AND conname ~ 'portions|turn'
    LOOP
        EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', renamed.on_table, renamed.old_name, renamed.new_name);
    END LOOP;
END
$$;
