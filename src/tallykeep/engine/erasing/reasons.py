"""Reasons and reports without the values of rows: what is left of rows that were erased."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tallykeep.engine.reason_groups import bare_reason
from tallykeep.formats.csv.writer import csv_lines
from tallykeep.formats.people.person import ERASED, Person, texts_in

_VALUE = " (actual value is '"
_SHORTEST = 4  # characters of a value that is searched for in a reason's own words
_REMARK = 3  # the cell of a report's line that holds a reason


def reason_without_values(reason: str, row: Any, person: Person) -> str:
    """Return the reason without what the row held: the values that it ends with, and others that it repeats.

    `row` is the row's value: an object, an array of cells, or the text of a line.
    """
    bare = bare_reason(reason).partition(_VALUE)[0]
    values = {value for text in texts_in(row, names=False) if len(value := text.strip()) >= _SHORTEST}
    for value in sorted(values | person.keys, key=len, reverse=True):
        bare = _without(bare, value)
    return person.without(bare)


def _without(text: str, value: str) -> str:
    """Return the text with `erased` in place of a value, where that is not a part of a word."""
    parts, at = list[str](), 0
    while value and (start := text.find(value, at)) >= 0:
        end = start + len(value)
        is_within = (start > 0 and text[start - 1].isalnum()) or text[end : end + 1].isalnum()
        parts += (text[at:start], value if is_within else ERASED)
        at = end
    return "".join(parts) + text[at:]


@dataclass(frozen=True, slots=True)
class ReportLines:
    """A part of a report, line by line; `of_customers` where its first column has their keys."""

    body: str
    of_customers: bool

    def without(self, person: Person) -> str | None:
        """Return the part with `erased` in the lines about the person; None where there is no such line."""
        if '"' not in self.body and not person.may_be_in(_as_bytes(self.body)):
            return None
        lines = list(csv.reader(io.StringIO(self.body, newline="")))
        about = [self._is_about(cells, person) for cells in lines]
        if not any(about):
            return None
        return csv_lines(_erased(cells, person) if is_about else cells
                         for cells, is_about in zip(lines, about, strict=True))  # fmt: skip

    def _is_about(self, cells: list[str], person: Person) -> bool:
        # Reports put an apostrophe before what a spreadsheet would run.
        if self.of_customers and cells and not person.keys.isdisjoint((cells[0], cells[0].removeprefix("'"))):
            return True
        return any(person.is_in(_as_bytes(cell)) for cell in cells)


def _erased(cells: list[str], person: Person) -> Iterable[str]:
    yield ERASED
    yield from cells[1:_REMARK]
    yield from _remarks(cells, person)


def _remarks(cells: list[str], person: Person) -> Iterator[str]:
    for cell in cells[_REMARK:]:
        yield reason_without_values(cell, cells[:1], person)


def _as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
