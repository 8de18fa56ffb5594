"""Erasing: what is stored of a person's rows, taken out of actions that have ended; and the same, read for export."""
