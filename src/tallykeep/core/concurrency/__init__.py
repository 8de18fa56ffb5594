"""Sharing a process: slots that are counted by project and key, and a thread that projects take turns at."""
