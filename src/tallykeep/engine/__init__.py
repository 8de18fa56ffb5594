"""Takes rows in, applies them, accounts for each and answers about them; it knows no action type."""
