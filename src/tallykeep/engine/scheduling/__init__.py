"""Which action goes on: fair among projects; the queue only wakes workers up."""
