"""Reading requests: bodies, forms, submission options."""
