"""Reports without the values of rows: what is left of the lines of rows that were erased."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tallykeep.engine.erasing.values_in_reasons import reason_without_values, shown_values
from tallykeep.formats.csv.writer import csv_lines
from tallykeep.formats.people.broken_rows import seeming_json
from tallykeep.formats.people.person import ERASED, Person, texts_in

_KEY_LABELS = ("source_id", "id", "source_ids", "ids")
_HIDDEN = re.compile(r"<U\+[0-9A-F]{4,6}>")  # as a reason shows an invisible character
_REMARK = 3  # the cell of a report's line that holds a reason


@dataclass(frozen=True, slots=True)
class ReportLines:
    """A part of a report, line by line; `of_customers` where its first column has their keys."""

    body: str
    of_customers: bool

    def without(self, person: Person) -> str | None:
        """Return the part with `erased` in the lines about the person; None where there is no such line."""
        is_plain = self.body.isascii() and '"' not in self.body and "<U+" not in self.body
        if is_plain and not person.may_be_in(self.body.encode()):
            return None
        lines = list(csv.reader(io.StringIO(self.body, newline="")))
        about = [self._is_about(cells, person) for cells in lines]
        if not any(about):
            return None
        return csv_lines(_erased(cells, person) if is_about else cells
                         for cells, is_about in zip(lines, about, strict=True))  # fmt: skip

    def _is_about(self, cells: list[str], person: Person) -> bool:
        if self.of_customers and cells and not person.keys.isdisjoint(_keys(cells)):
            return True
        return any(person.is_in(cell) for cell in cells)


def _keys(cells: list[str]) -> Iterable[str]:
    """Return the keys that a line may name: its own, or where that was none, those that its reason shows."""
    if cells[0]:
        return cells[0], cells[0].removeprefix("'")  # reports put it before what a spreadsheet would run
    shown = [value for cell in cells[_REMARK:] for label, value in shown_values(cell) if label in _KEY_LABELS]
    plain = [_HIDDEN.sub("", value).strip() for value in shown]
    return {
        text for value in plain for text in (texts_in(seeming_json(value)) if value[:1] in ("[", "{") else (value,))
    }


def _erased(cells: list[str], person: Person) -> Iterable[str]:
    yield ERASED
    yield from cells[1:_REMARK]
    yield from _remarks(cells, person)


def _remarks(cells: list[str], person: Person) -> Iterator[str]:
    for cell in cells[_REMARK:]:
        yield reason_without_values(cell, cells[:1], person)
