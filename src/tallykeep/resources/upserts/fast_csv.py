"""The fast path from a file's columns to changes that PostgreSQL can merge by itself.

A batch is cleaned column by column into COPY's text. Irregular rows are read one by one: those with a problem or a null
in a cell, with a key that is not plain, or with a key that occurs more than once, because order matters.
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
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Problem
from tallykeep.resources.fields.copy_format import CLEARING, NULL, all_plain, copy_text, is_plain
from tallykeep.resources.fields.field import Field
from tallykeep.resources.fields.memo import Memo
from tallykeep.resources.fields.numerals import NO_MARKS, Marks
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.upserts.spec import UpsertSpec

# Stands for a cell that is irregular. COPY's text never has this character, so one search of a line finds it.
_NEEDS_CARE = "\0"
_CARE_OR_ESCAPED = re.compile("[\x00\\\\\t\n\r\ud800-\udfff]")
_BLOCK_ROWS = 1_000

Cells = list[list[str]]  # a list for each column
Made = Callable[[Cells], list[str]]


@dataclass(frozen=True, slots=True)
class ReadyChanges:
    """Changes as they are copied, one for each key; COPY takes `column_texts` after the key, the id and the row."""

    numbers: Sequence[int]
    keys: list[str]
    column_texts: list[str]

    def text(self, ids: list[str]) -> str:
        """COPY's text, in the order of the keys; the ids are for those that turn out to be new."""
        lines = map("\t".join, zip(self.keys, ids, map(str, self.numbers), self.column_texts, strict=True))
        return "".join([f"{line}\n" for line in sorted(lines)])


def file_columns(
    spec: UpsertSpec, header: list[str], checker: MetadataChecker, marks: Marks = NO_MARKS
) -> "FileColumns | None":
    """Return what reads files of this header column by column; None where every row has to be read by itself.

    That is where rows name ids or nothing, have two columns for one field, lack what is required or refer to other
    resources, or where metadata has to be checked.
    """
    titles = [normal_title(name) for name in header]
    named = {normal_title(title): field for field in spec.fields for title in field.titles}
    known = [named[title] for title in titles if title in named]
    required = {field for field in spec.fields if field.required}
    if "sourceid" not in titles or "id" in titles or len(set(known)) < len(known) or not required.issubset(known):
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
        """The changes that are ready, and the irregular rows, each in row order."""
        regular, others = (rows, []) if isinstance(rows, Table) else self._by_width(rows)
        keys: list[str] = []
        column_texts: list[str] = []
        for cells in _blocks(regular):
            keys += map(str.strip, cells[self._key_at])
            column_texts += map("\t".join, zip(*[make(cells) for make in self._makers], strict=True))
        numbers = regular.numbers if isinstance(regular, Table) else [row.number for row in regular]
        irregular = self._irregular_rows(keys, column_texts, others)
        if not irregular:
            return ReadyChanges(numbers, keys, column_texts), others
        kept = [index for index in range(len(keys)) if index not in irregular]
        ready = ReadyChanges([numbers[at] for at in kept], [keys[at] for at in kept], [column_texts[at] for at in kept])
        return ready, sorted([*others, *(regular[at] for at in irregular)], key=lambda row: row.number)

    def _by_width(self, rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
        """Those with a cell for every title, and the others."""
        regular = [row for row in rows if row.problem is None and len(row.value) == self._width]
        others = [row for row in rows if row.problem is not None or len(row.value) != self._width]
        return regular, others

    def _irregular_rows(self, keys: list[str], column_texts: list[str], others: list[Row]) -> set[int]:
        irregular = {index for index, text in enumerate(column_texts) if _NEEDS_CARE in text}
        if not all_plain(keys):
            irregular.update(index for index, key in enumerate(keys) if not is_plain(key))
        elsewhere = [row.value[self._key_at].strip() for row in others if len(row.value or ()) > self._key_at]
        if len(set(keys)) + len(elsewhere) < len(keys) or elsewhere:
            counts = Counter(chain(keys, elsewhere))
            irregular.update(index for index, key in enumerate(keys) if counts[key] > 1)
        return irregular

    def _maker(self, column: str) -> Made:
        """Return what makes COPY's texts for one column of the table."""
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
        filled = {name: cell for name, cell in zip(names, cells, strict=True) if cell.strip()}
        metadata = {name: None if cell.strip() == CLEARING else cell for name, cell in filled.items()}
        if "" in metadata or checker.problems(metadata):
            return _NEEDS_CARE
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
    absent = _NEEDS_CARE if field.required else NULL

    def read(cell: str) -> str:
        value = _cleaned(field, cell)
        if value is None:
            return absent
        # In the statement, a column's default stands for what the row does not say.
        return _NEEDS_CARE if value == default else _copied(value)

    memo = Memo(_or_needs_care(read))

    def make(cells: Cells) -> list[str]:
        if _are_plain(field, stripped := list(map(str.strip, cells[index]))):
            return [cell or absent for cell in stripped]
        return list(map(memo.__getitem__, stripped))

    return make


def _are_plain(field: Field, cells: list[str]) -> bool:
    """Whether all of these stripped cells are copied as they stand."""
    if field.is_plain is None and field.clean_cell is not cleaning.text:
        return False
    if CLEARING in cells or _CARE_OR_ESCAPED.search("".join(cells)):
        return False
    return field.is_plain is None or all(map(field.is_plain, filter(None, cells)))


def _of_several(indexes: list[int], read: Callable[[tuple[str, ...]], str]) -> Made:
    memo = Memo(_or_needs_care(read))

    def make(cells: Cells) -> list[str]:
        return list(map(memo.__getitem__, zip(*[cells[index] for index in indexes], strict=True)))

    return make if indexes else lambda cells: [NULL] * len(cells[0])


def _object_text(fields: list[Field]) -> Callable[[tuple[str, ...]], str]:
    def read(cells: tuple[str, ...]) -> str:
        values = {field.name: _cleaned(field, cell) for field, cell in zip(fields, cells, strict=True)}
        present = {name: value for name, value in values.items() if value is not None}
        return _copied(present) if present else NULL

    return read


def _or_needs_care(read: Callable[[Any], str]) -> Callable[[Any], str]:
    def read_or_needs_care(cells: Any) -> str:
        try:
            return read(cells)
        except Problem:
            return _NEEDS_CARE

    return read_or_needs_care


def _cleaned(field: Field, cell: str) -> Any:
    """The cell's value, None where it is blank; raises Problem, also for a null, which resets a field."""
    stripped = cell.strip()
    if stripped == CLEARING:
        raise Problem("resets the field")
    return field.clean_cell(stripped) if stripped else None


def _copied(value: Any) -> str:
    return copy_text(exact_json.dumps(value).decode() if isinstance(value, dict | list) else value)
