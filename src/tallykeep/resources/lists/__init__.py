"""Lists of resources: each is declared once, with the fields it can be filtered and ordered by."""
