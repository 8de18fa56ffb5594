"""Limits: what is counted within windows of time, and wrong credentials."""
