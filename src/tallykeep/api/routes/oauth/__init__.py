"""Tokens of OAuth 2.0, in both versions of the wire format."""
