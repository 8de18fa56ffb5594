"""Resources, searched and shown."""
