"""Metadata: its schemas, checks against them, and purging."""
