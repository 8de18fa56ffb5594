"""A file before it is imported: what it is, what its columns mean, what would become of its first rows."""
