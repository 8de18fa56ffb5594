"""Scheduling: which action is served next, fairly among projects; the queue only wakes workers up."""
