"""Importing vouchers: rows of files and JSON objects become drafts, drafts become vouchers."""
