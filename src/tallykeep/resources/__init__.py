"""What rows are: the nouns, their fields, and how each is cleaned, written, shown, listed and exported."""
