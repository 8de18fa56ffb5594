"""Files that actions offer: failed rows, source rows, reports."""
