"""How submission options are declared, and how their texts are read."""
