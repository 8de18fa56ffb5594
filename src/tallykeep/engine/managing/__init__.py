"""Managing actions: cancel and retry."""
