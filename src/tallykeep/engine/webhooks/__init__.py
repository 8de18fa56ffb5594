"""Webhooks: events are written with what they tell of, and delivered by the worker."""
