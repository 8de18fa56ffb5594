"""What every layer speaks of: actions, rows, outcomes, settings, errors; it knows no database and no wire."""
