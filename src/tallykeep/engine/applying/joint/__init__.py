"""Joint attempts: the small batches of many actions in one transaction."""
