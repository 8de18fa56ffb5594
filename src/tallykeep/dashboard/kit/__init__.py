"""What all pages are built from."""
