UPDATE async_actions
SET source = (source - 'options') || jsonb_build_object('parameters', source -> 'options')
WHERE source ? 'options';
