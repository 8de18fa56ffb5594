"""Delimited text: its header, its records, its cells."""
