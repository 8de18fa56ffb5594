"""Resources, searched and looked at."""
