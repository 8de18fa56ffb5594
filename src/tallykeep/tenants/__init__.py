"""Projects, their keys and tokens and what these may do, limits, and the audit log."""
