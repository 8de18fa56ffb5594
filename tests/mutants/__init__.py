"""Mutants: the code changed in one small place, to see that some test fails."""
