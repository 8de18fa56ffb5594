"""A file's cells, a column at a time, into the texts that COPY takes."""
