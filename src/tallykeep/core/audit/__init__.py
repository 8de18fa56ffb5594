"""What the audit log is told in: events, and entries of them."""
