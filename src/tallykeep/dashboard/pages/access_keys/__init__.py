"""Access keys: list, create, revoke."""
