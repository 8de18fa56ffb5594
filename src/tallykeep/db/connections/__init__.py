"""Connections to PostgreSQL: pools, and the guard that notices outages."""
