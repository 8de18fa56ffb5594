-- An event that is sent again keeps the attempts that were made before. `resent_after` is how many they were when it was
-- sent again last: delays, and what waits for it, count from there. `history` has the outcomes, without the answers' texts.
ALTER TABLE webhook_deliveries
    ADD resent_after bigint NOT NULL DEFAULT 0,
    ADD history jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(history) = 'array'),
    ADD CONSTRAINT resent_after_attempts_that_were_made CHECK (resent_after BETWEEN 0 AND attempts),
    ADD CONSTRAINT history_is_bounded CHECK (jsonb_array_length(history) <= 30);
