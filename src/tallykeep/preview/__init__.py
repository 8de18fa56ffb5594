"""Previews: a file before it is imported, with its row type, its columns, and the outcome of its first rows."""
