"""Workbooks, read in a process of their own and written out as CSV."""
