"""Headers: which row of a sheet or file names its columns."""

from collections.abc import Iterable

from tallykeep.model import normal_title


def header_score(cells: Iterable[str], titles: frozenset[str]) -> int:
    """How many of these cells are titles that are known, given as normal_title has them."""
    return sum(normal_title(cell) in titles for cell in cells)
