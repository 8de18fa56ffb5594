"""The files that are imported, the same on every run: four sorts of each, from the easiest to what people send."""
