"""Logging: how lines are written, and what never gets into one."""
