"""After something died or failed: jobs come back, portions are retried, rows that kill are isolated."""
