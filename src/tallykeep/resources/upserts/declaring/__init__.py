"""Building blocks of a noun's declaration: types of fields, types of actions, and differences from a plain noun."""
