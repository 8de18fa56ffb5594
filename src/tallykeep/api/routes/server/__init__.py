"""Health and status, for who operates the server."""
