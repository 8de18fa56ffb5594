"""What keys and projects may ask for: requests a minute, rows a day, resources in all."""
