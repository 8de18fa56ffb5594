"""What nouns are declared with: types of fields, types of actions, and where a noun differs from a plain one."""
