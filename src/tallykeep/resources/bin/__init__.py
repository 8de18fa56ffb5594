"""The bin: what was deleted without force."""
