"""Asynchronous actions: read, wait for, cancel, retry."""
