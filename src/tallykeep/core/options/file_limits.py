"""Limits of files with columns, wherever they are read or described."""

DELIMITERS = ",;\t|"
MAX_COLUMNS = 1_000
MAX_TITLE_LENGTH = 1_000
LAST_HEADER_ROW = 1_000  # that may be named
