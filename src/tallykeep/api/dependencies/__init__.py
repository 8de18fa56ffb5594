"""What routes are handed: who asks, with which share of the process."""
