"""Imports of orders by column: decoded into types, looked at together, and written as sets of ready texts."""
