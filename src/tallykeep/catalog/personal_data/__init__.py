"""Personal data of one customer: erased by an action, and exported."""
