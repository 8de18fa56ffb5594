"""Access keys: listed, made, revoked."""
