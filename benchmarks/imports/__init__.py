"""Imports, from submission to DONE, against PostgreSQL writing the very rows that they wrote."""
