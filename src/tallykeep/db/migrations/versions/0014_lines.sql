-- Where in its file a row began, which blank lines and cells of several lines keep from being its number. Pairs of a row and
-- its line: the rows up to the next pair begin one line after the other.
ALTER TABLE portions ADD lines bigint[];
ALTER TABLE failures ADD line bigint;
