"""One background task."""
