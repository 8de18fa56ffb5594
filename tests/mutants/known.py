"""Mutants that survive, each with the reason why nothing is wrong with that."""

KNOWN: dict[str, str] = {}
