"""Processes beside the server: what puts load on it, and what it is measured against."""
