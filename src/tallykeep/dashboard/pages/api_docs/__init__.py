"""The API's reference, to read and try."""
