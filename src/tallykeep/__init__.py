"""Tallykeep: bulk actions on promotion data, with every row accounted for."""

from importlib.metadata import version

__version__ = version("tallykeep")
