"""JSON, as arrays, lines, or one object that names many resources."""
