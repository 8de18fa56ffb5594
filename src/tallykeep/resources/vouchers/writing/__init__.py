"""Writing vouchers in sets: their statements, and codes made by rule."""
