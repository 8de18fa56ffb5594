"""Removing what has been kept long enough, and what an upload that broke off has left."""
