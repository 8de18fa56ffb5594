"""The processes: entry, wiring, supervision."""
