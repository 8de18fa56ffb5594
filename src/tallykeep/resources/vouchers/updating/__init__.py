"""Updating the metadata of vouchers in bulk."""
