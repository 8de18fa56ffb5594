"""A submission's rules for a file's columns and cells."""
