"""Reports without the values of rows: what is left of the lines of rows that were erased."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tallykeep.engine.erasing.values_in_reasons import reason_without_values
from tallykeep.formats.csv.writer import csv_lines
from tallykeep.formats.people.person import ERASED, Person

_REMARK = 3  # the cell of a report's line that holds a reason


@dataclass(frozen=True, slots=True)
class ReportLines:
    """A part of a report, line by line; `of_customers` where its first column has their keys."""

    body: str
    of_customers: bool

    def without(self, person: Person) -> str | None:
        """Return the part with `erased` in the lines about the person; None where there is no such line."""
        is_plain = self.body.isascii() and '"' not in self.body
        if is_plain and not person.may_be_in(self.body.encode()):
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
        return any(person.is_in(cell) for cell in cells)


def _erased(cells: list[str], person: Person) -> Iterable[str]:
    yield ERASED
    yield from cells[1:_REMARK]
    yield from _remarks(cells, person)


def _remarks(cells: list[str], person: Person) -> Iterator[str]:
    for cell in cells[_REMARK:]:
        yield reason_without_values(cell, cells[:1], person)
