"""Customers: declared for upserts, and shown."""
