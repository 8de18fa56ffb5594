"""Projects, and their deletion."""
