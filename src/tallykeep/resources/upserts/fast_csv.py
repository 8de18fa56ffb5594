"""The quick way from a file's columns to changes that PostgreSQL can merge by itself.

A batch is cleaned column by column into COPY's text. What that is not enough for is odd, and gone through row by row:
cells with a problem or a null, keys that are not plain, and keys that come more than once, because order matters.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from tallykeep.core import exact_json
from tallykeep.core.rows import Row, Table
from tallykeep.formats.csv.titles import normal_title
from tallykeep.resources.fields import validators as cleaning
from tallykeep.resources.fields.copy_format import CLEARING, NULL, all_plain, copy_text, is_plain
from tallykeep.resources.fields.field import Field
from tallykeep.resources.fields.memo import Memo
from tallykeep.resources.fields.numerals import NO_MARKS, Marks
from tallykeep.resources.fields.validators import Problem
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.upserts.spec import UpsertSpec

# Stands for a cell that is odd. COPY's text never has this character, so one look at a line finds it.
_ODD = "\0"
_ODD_OR_ESCAPED = re.compile("[\x00\\\\\t\n\r\ud800-\udfff]")
_BLOCK_ROWS = 1_000

Cells = list[list[str]]  # a list for each column
Made = Callable[[Cells], list[str]]


@dataclass(frozen=True, slots=True)
class ReadyChanges:
    """Changes as they are copied, each key once: a tail is what COPY takes behind the key, the id and the row."""

    numbers: Sequence[int]
    keys: list[str]
    tails: list[str]

    def text(self, ids: list[str]) -> str:
        """COPY's text, in the order of the keys; the ids are for those that turn out to be new."""
        lines = map("\t".join, zip(self.keys, ids, map(str, self.numbers), self.tails, strict=True))
        return "".join([f"{line}\n" for line in sorted(lines)])


def file_columns(
    spec: UpsertSpec, header: list[str], checker: MetadataChecker, marks: Marks = NO_MARKS
) -> "FileColumns | None":
    """What takes the quick way with files of this header; None where every row has to be looked at.

    That is where rows name ids or nobody, give one field twice, leave out what is required, refer to other resources,
    or where what metadata becomes has to be checked.
    """
    titles = [normal_title(name) for name in header]
    named = {normal_title(title): field for field in spec.fields for title in field.titles}
    given = [named[title] for title in titles if title in named]
    required = {field for field in spec.fields if field.required}
    if "sourceid" not in titles or "id" in titles or len(set(given)) < len(given) or not required.issubset(given):
        return None
    if spec.resolve is not None or not checker.takes_anything:
        return None
    return FileColumns(spec, header, checker, marks)


class FileColumns:
    """Makes ready changes of the rows of a file with this header; unknown columns become metadata.

    `marks` are what stands before decimals in columns.
    """

    def __init__(self, spec: UpsertSpec, header: list[str], checker: MetadataChecker, marks: Marks = NO_MARKS) -> None:
        named = {normal_title(title): field for field in spec.fields for title in field.titles}
        self._spec = spec
        self._checker = checker
        self._width = len(header)
        self._fields: dict[int, Field] = {}
        self._extra: dict[int, str] = {}
        for index, name in enumerate(header):
            if normal_title(name) == "sourceid":
                self._key_at = index
            elif field := named.get(normal_title(name)):
                self._fields[index] = field.marked(marks.get(name))
            else:
                self._extra[index] = name
        self._makers = [self._maker(column) for column in spec.table.columns]

    def sort_out(self, rows: Sequence[Row]) -> tuple[ReadyChanges, list[Row]]:
        """The changes that are ready, and the odd rows, each in row order."""
        regular, others = (rows, []) if isinstance(rows, Table) else self._by_width(rows)
        keys: list[str] = []
        tails: list[str] = []
        for cells in _blocks(regular):
            keys += map(str.strip, cells[self._key_at])
            tails += map("\t".join, zip(*[make(cells) for make in self._makers], strict=True))
        numbers = regular.numbers if isinstance(regular, Table) else [row.number for row in regular]
        odd = self._odd_places(keys, tails, others)
        if not odd:
            return ReadyChanges(numbers, keys, tails), others
        kept = [place for place in range(len(keys)) if place not in odd]
        ready = ReadyChanges([numbers[at] for at in kept], [keys[at] for at in kept], [tails[at] for at in kept])
        return ready, sorted([*others, *(regular[at] for at in odd)], key=lambda row: row.number)

    def _by_width(self, rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
        """Those with a cell for every title, and the others."""
        regular = [row for row in rows if row.problem is None and len(row.value) == self._width]
        others = [row for row in rows if row.problem is not None or len(row.value) != self._width]
        return regular, others

    def _odd_places(self, keys: list[str], tails: list[str], others: list[Row]) -> set[int]:
        odd = {place for place, tail in enumerate(tails) if _ODD in tail}
        if not all_plain(keys):
            odd.update(place for place, key in enumerate(keys) if not is_plain(key))
        elsewhere = [row.value[self._key_at].strip() for row in others if len(row.value or ()) > self._key_at]
        if len(set(keys)) + len(elsewhere) < len(keys) or elsewhere:
            counts = Counter(chain(keys, elsewhere))
            odd.update(place for place, key in enumerate(keys) if counts[key] > 1)
        return odd

    def _maker(self, column: str) -> Made:
        """What makes COPY's texts for one column of the table."""
        if column == "metadata":
            return _of_several(list(self._extra), _metadata_text(list(self._extra.values()), self._checker))
        parts = {index: field for index, field in self._fields.items() if field.inside == column}
        if parts:
            return _of_several(list(parts), _object_text(list(parts.values())))
        for index, field in self._fields.items():
            if field.name == column and field.inside is None:
                return _of_one(index, field, self._spec.table.defaults.get(column))
        return lambda cells: [NULL] * len(cells[0])


def _metadata_text(names: list[str], checker: MetadataChecker) -> Callable[[tuple[str, ...]], str]:
    """As csv_reader has it: a null is kept, and a column without a name must be empty."""

    def read(cells: tuple[str, ...]) -> str:
        given = {name: cell for name, cell in zip(names, cells, strict=True) if cell.strip()}
        metadata = {name: None if cell.strip() == CLEARING else cell for name, cell in given.items()}
        if "" in metadata or checker.problems(metadata):
            return _ODD
        return copy_text(exact_json.dumps(metadata).decode()) if metadata else NULL

    return read


def _blocks(rows: Sequence[Row]) -> Iterator[Cells]:
    """The rows' columns, so many rows at a time that their cells fit into a core's own cache."""
    if isinstance(rows, Table):
        yield from (block.columns() for block in rows.blocks())
        return
    for start in range(0, len(rows), _BLOCK_ROWS):
        yield list(map(list, zip(*[row.value for row in rows[start : start + _BLOCK_ROWS]], strict=True)))


def _of_one(index: int, field: Field, default: Any) -> Made:
    absent = _ODD if field.required else NULL

    def read(cell: str) -> str:
        value = _cleaned(field, cell)
        if value is None:
            return absent
        # In the statement, a column's default stands for what is not given.
        return _ODD if value == default else _copied(value)

    memo = Memo(_or_odd(read))

    def make(cells: Cells) -> list[str]:
        if _are_plain(field, stripped := list(map(str.strip, cells[index]))):
            return [cell or absent for cell in stripped]
        return list(map(memo.__getitem__, stripped))

    return make


def _are_plain(field: Field, cells: list[str]) -> bool:
    """Whether all of these stripped cells are copied as they stand."""
    if field.is_plain is None and field.clean_cell is not cleaning.text:
        return False
    if CLEARING in cells or _ODD_OR_ESCAPED.search("".join(cells)):
        return False
    return field.is_plain is None or all(map(field.is_plain, filter(None, cells)))


def _of_several(indexes: list[int], read: Callable[[tuple[str, ...]], str]) -> Made:
    memo = Memo(_or_odd(read))

    def make(cells: Cells) -> list[str]:
        return list(map(memo.__getitem__, zip(*[cells[index] for index in indexes], strict=True)))

    return make if indexes else lambda cells: [NULL] * len(cells[0])


def _object_text(fields: list[Field]) -> Callable[[tuple[str, ...]], str]:
    def read(cells: tuple[str, ...]) -> str:
        values = {field.name: _cleaned(field, cell) for field, cell in zip(fields, cells, strict=True)}
        given = {name: value for name, value in values.items() if value is not None}
        return _copied(given) if given else NULL

    return read


def _or_odd(read: Callable[[Any], str]) -> Callable[[Any], str]:
    def read_or_odd(cells: Any) -> str:
        try:
            return read(cells)
        except Problem:
            return _ODD

    return read_or_odd


def _cleaned(field: Field, cell: str) -> Any:
    """The cell's value, None where it is blank; raises Problem, also for a null, which resets a field."""
    stripped = cell.strip()
    if stripped == CLEARING:
        raise Problem("resets the field")
    return field.clean_cell(stripped) if stripped else None


def _copied(value: Any) -> str:
    return copy_text(exact_json.dumps(value).decode() if isinstance(value, dict | list) else value)
