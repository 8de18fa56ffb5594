"""The vocabulary of all layers: actions, rows, outcomes, settings, errors; it knows no database and no wire."""
