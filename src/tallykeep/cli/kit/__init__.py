"""Building blocks of all commands."""
