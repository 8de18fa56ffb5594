"""The list of background tasks."""
