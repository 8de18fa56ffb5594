"""Actions as they are read: one, many, watched."""
