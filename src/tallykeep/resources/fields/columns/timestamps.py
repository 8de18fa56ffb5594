"""Dates and times of one shape, read many at a time."""

from collections import deque
from collections.abc import Sequence
from datetime import datetime

from tallykeep.db.copy_format import NULL
from tallykeep.resources.fields.cleaning import Cleaner, order_problem
from tallykeep.resources.fields.columns.cell_column import NEEDS_CARE

_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)


def timestamps_alike(values: Sequence[str], clean: Cleaner, *, exist: bool = False) -> list[str] | None:
    """Read dates and times of one shape as `clean` does; None for others, and where one does not exist.

    That all `exist` may be known already.
    """
    # With a line's end, every value is as long as the others where all are of one shape.
    lines = ("\n".join(values) + "\n").encode("utf-8", "replace")
    shape = lines[: len(values[0]) + 1].translate(_DIGITS)
    if shape not in _SHAPES or lines.translate(_DIGITS) != shape * len(values):
        return None
    if not exist and not _exist(values, lines):
        return None
    return lines.replace(*(_SHAPES[shape] or _rest_of_day(clean))).decode().split("\n")[:-1]


def shapes_of(values: Sequence[str]) -> list[bytes] | None:
    """Return the values, none with a line break, with a 0 for every digit; None where a day may have an hour of 24."""
    lines = "\n".join(values).encode("utf-8", "replace")
    return None if b"T24" in lines else lines.translate(_DIGITS).split(b"\n")


# What of these becomes what of the text that is stored.
_SHAPES = {
    b"0000-00-00T00:00:00Z\n": (b"Z", b".000+00:00"),
    b"0000-00-00T00:00:00.000Z\n": (b"Z", b"+00:00"),
    b"0000-00-00\n": None,
}


def _rest_of_day(clean: Cleaner) -> tuple[bytes, bytes]:
    day = "2000-01-01"
    return b"\n", clean(day)[len(day) :].encode() + b"\n"


def _exist(values: Sequence[str], lines: bytes) -> bool:
    """Whether all of these dates exist; an hour of 24, with which some versions begin the next day, does not here."""
    try:
        deque(map(datetime.fromisoformat, values), maxlen=0)
    except ValueError:
        return False
    return b"T24" not in lines


def ending_before_start(starts: Sequence[str], ends: Sequence[str]) -> list[int]:
    """Return the rows with an end before their start, of texts as they are copied; either may be NULL."""
    pairs = enumerate(zip(starts, ends, strict=True))
    return [at for at, (start, end) in pairs if end < start and NULL not in (start, end)]


def end_problem(starts: Sequence[str], ends: Sequence[str], at: int) -> str | None:
    """Say what is wrong with an end before its start, of texts as in ending_before_start, or NEEDS_CARE."""
    start, end = starts[at], ends[at]
    if end < start and not {NULL, NEEDS_CARE} & {start, end}:
        return order_problem(start, end)
    return None
