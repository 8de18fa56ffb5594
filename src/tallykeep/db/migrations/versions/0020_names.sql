-- Whether the action goes too, or only what is left of its failures and reports.
ALTER TABLE removals RENAME COLUMN whole TO everything;

-- The file's own header, where columns were renamed or left out.
UPDATE async_actions
SET source = (source - 'sent') || jsonb_build_object('file_header', source -> 'sent')
WHERE source ? 'sent';
