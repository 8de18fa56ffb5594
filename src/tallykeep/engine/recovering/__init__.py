"""After something died or failed: jobs come back, batches are retried, rows that kill are isolated."""
