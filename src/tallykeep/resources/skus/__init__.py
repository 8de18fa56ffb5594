"""SKUs: variants of a product, declared for upserts, and shown."""
