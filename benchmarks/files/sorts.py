"""The sorts of file, and which of their rows fail.

- repeating: rows that differ in little but their key, as a program generates them. The easiest there is: whatever has
  been read once is looked up the next time.
- own: a value of its own in every cell that can have one: amounts, dates with times, notes, references, limits.
- wide: the same in forty columns, most of which become metadata.
- dirty: own values, and one row in twenty fails, in twenty different ways; the project has a metadata schema.
"""

from collections.abc import Iterator

REPEATING, OWN, WIDE, DIRTY = SORTS = ("repeating", "own", "wide", "dirty")
WIDTH = 40  # columns of the wide sort

FAILING = "failing"  # not a sort that is imported for its own sake: no row of it can be

_ONE_IN = {DIRTY: 20, FAILING: 1}


def flawed_rows(sort: str, rows: int) -> int:
    """How many of so many rows fail."""
    return rows // _ONE_IN[sort] if sort in _ONE_IN else 0


def numbered(sort: str, rows: int, flaws: int) -> Iterator[tuple[int, int | None]]:
    """The rows' numbers from 1, each with which of so many flaws it has, if any."""
    one_in = _ONE_IN.get(sort)
    for number in range(1, rows + 1):
        is_flawed = one_in is not None and number % one_in == 0
        yield number, number // one_in % flaws if one_in and is_flawed else None
