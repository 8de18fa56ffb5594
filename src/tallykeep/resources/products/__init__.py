"""Products: declared for upserts, and shown."""
