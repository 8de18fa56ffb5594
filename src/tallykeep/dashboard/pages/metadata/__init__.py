"""Metadata schemas and purges."""
