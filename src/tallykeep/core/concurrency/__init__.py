"""Sharing a process: slots counted by project and key, and a thread in which projects take turns."""
