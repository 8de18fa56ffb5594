"""Webhooks: make them, see what became of each event, send one again."""
