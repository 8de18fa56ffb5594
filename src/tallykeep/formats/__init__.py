"""Bytes into rows and back: compression, charset, CSV, JSON, XLSX. No database, no actions."""
