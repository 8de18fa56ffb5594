"""The audit log: who did what, or tried to."""
