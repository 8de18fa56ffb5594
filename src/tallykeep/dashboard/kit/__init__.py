"""Building blocks of all pages."""
