"""The HTTP API: routes by noun, authentication, errors as responses."""
