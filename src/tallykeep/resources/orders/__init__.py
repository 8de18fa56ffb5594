"""Orders: declared for upserts, with the customers, products and SKUs that come inside them; and shown."""
