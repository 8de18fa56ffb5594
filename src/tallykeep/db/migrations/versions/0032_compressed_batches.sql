-- How many bytes a body was before it was compressed, as zstd; NULL where it stands as it came, as all older ones do.
ALTER TABLE batches ADD uncompressed_size bigint CHECK (uncompressed_size > 0);
