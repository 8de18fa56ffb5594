"""The resources themselves, one by one and as lists."""
