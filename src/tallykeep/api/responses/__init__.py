"""Writing responses: JSON, errors, request ids."""
