"""Managing projects: what is told of them, who reaches which, and what becomes of those that are deleted."""
