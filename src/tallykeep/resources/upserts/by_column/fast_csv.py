"""The fast path from a file's columns to changes that PostgreSQL can merge by itself.

A batch is cleaned column by column into COPY's text. Rows that cannot be read fail, and so do those that the schema
refuses whatever exists. Irregular ones are read one by one: those that it may refuse, with a null in a cell, with a key
that is not plain, or with a key that occurs more than once, because order matters.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple

from tallykeep.core.rows import Failure, Row, Table
from tallykeep.db.copy_format import NULL, copy_pieces
from tallykeep.formats.csv.titles import normal_title
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.columns.cell_column import NEEDS_CARE, CellColumn
from tallykeep.resources.fields.columns.cell_reader import CellReader
from tallykeep.resources.fields.columns.flaws import key_problem
from tallykeep.resources.fields.columns.object_texts import MemberTexts, ObjectTexts
from tallykeep.resources.fields.columns.row_texts import Part, row_texts, separated
from tallykeep.resources.fields.columns.sorting_out import sort_out
from tallykeep.resources.fields.field import Field
from tallykeep.resources.fields.numerals import NO_MARKS, Marks
from tallykeep.resources.fields.plain_texts import CLEARING, ESCAPED
from tallykeep.resources.metadata.cell_columns import MetadataColumns
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.upserts.by_column.csv_block import Layout, ReasonIfThere, UpsertBlock
from tallykeep.resources.upserts.spec import UpsertSpec

_Read = dict[int, Sequence[str]]  # the texts of fields' columns, by their index
# Makes the parts of COPY's texts out of a file's columns, and notes the texts that they are made of.
Make = Callable[[list[CellColumn], _Read], list[Part]]


@dataclass(frozen=True, slots=True)
class ReadyChanges:
    """Changes as they are copied, one for each key; COPY takes `column_texts` after the key, the id and the row.

    `references` are the keys of what they refer to, where the noun has a reference.
    """

    numbers: Sequence[int]
    keys: list[str]
    column_texts: list[str]
    references: list[str]

    def at(self, kept: Sequence[int]) -> "ReadyChanges":
        """Return those at these indexes."""
        return ReadyChanges(
            [self.numbers[at] for at in kept],
            [self.keys[at] for at in kept],
            [self.column_texts[at] for at in kept],
            [self.references[at] for at in kept] if self.references else [],
        )

    def pieces(self, ids: list[str]) -> list[bytes]:
        """COPY's text, in the order of the keys; the ids are for those that turn out to be new."""
        lines = map("\t".join, zip(self.keys, ids, map(str, self.numbers), self.column_texts, strict=True))
        return copy_pieces(sorted(lines))


class SortedRows(NamedTuple):
    """The changes that are ready, the failures, and the irregular rows; each in row order.

    Of further failures, each with the key of what the row refers to, those are right that are `if_there`.
    """

    ready: ReadyChanges
    failures: list[Failure]
    if_there: list[tuple[str, Failure]]
    irregular: list[Row]


def file_columns(
    spec: UpsertSpec, header: list[str], checker: MetadataChecker, marks: Marks = NO_MARKS
) -> "FileColumns | None":
    """Return what reads files of this header column by column; None where every row has to be read by itself.

    That is where rows name ids or nothing, have two columns for one field, lack metadata that is required or have
    objects of other values than texts.
    """
    titles = [normal_title(name) for name in header]
    named = {normal_title(title): field for field in spec.fields for title in field.titles}
    known = [named[title] for title in titles if title in named]
    if "sourceid" not in titles or "id" in titles or len(set(known)) < len(known):
        return None
    if spec.resolve is not None or not checker.required.issubset(header):
        return None
    if any(field.inside is not None and field.clean_cell is not cleaning.text for field in known):
        return None
    return FileColumns(spec, header, checker, marks)


class FileColumns:
    """Makes ready changes of the rows of a file with this header; unknown columns become metadata.

    `marks` are what stands before decimals in columns. Without a column of a required field, the changes
    `lack_required`: they are only of what is there already.
    """

    def __init__(self, spec: UpsertSpec, header: list[str], checker: MetadataChecker, marks: Marks = NO_MARKS) -> None:
        named = {normal_title(title): field for field in spec.fields for title in field.titles}
        self._width = len(header)
        self._fields: dict[int, Field] = {}
        self._error_key = spec.error_key
        unnamed: list[int] = []
        extra: dict[int, str] = {}
        for index, name in enumerate(header):
            if normal_title(name) == "sourceid":
                self._key_at = index
            elif field := named.get(normal_title(name)):
                self._fields[index] = field.marked(marks.get(name))
            elif name:
                extra[index] = name
            else:
                unnamed.append(index)
        indexes = {field.name: index for index, field in self._fields.items()}
        self.lack_required = any(field.required and field.name not in indexes for field in spec.fields)
        self._reference_at = indexes.get(spec.reference.field) if spec.reference is not None else None
        counted = {index: at for at, index in enumerate(extra)}
        checked = None if self.lack_required else _checked_columns(extra, checker)
        self._layout = Layout(header, self._key_at, counted, unnamed, checked, self._reference_at)
        self._checker = checker
        self._checked = sorted(checker.defined.intersection(extra.values()))
        self._metadata = MetadataColumns(list(extra.values()), checker, marks, NULL)
        self._makers = [self._maker(column, spec.table.defaults.get(column)) for column in spec.table.columns[:-1]]

    def sort_out(self, rows: Sequence[Row]) -> SortedRows:
        """Sort out the rows of a batch."""
        beside = self._reference_at
        numbers, keys, texts, references, failures, others = sort_out(
            rows, self._width, self._key_at, self._read, self._failed, beside=beside
        )
        if_there = [(reason.reference, each) for each in failures if isinstance(reason := each.reason, ReasonIfThere)]
        if if_there:
            failures = [failure for failure in failures if not isinstance(failure.reason, ReasonIfThere)]
        ready = ReadyChanges(numbers, keys, texts, references)
        repeated = self._repeated(keys, others)
        if not repeated:
            return SortedRows(ready, failures, if_there, others)
        again = [_row_of(rows, numbers[at]) for at in repeated]
        kept = [index for index in range(len(keys)) if index not in repeated]
        irregular = sorted([*others, *again], key=lambda row: row.number)
        return SortedRows(ready.at(kept), failures, if_there, irregular)

    def _failed(self, row: int, key: str, reason: str) -> Failure:
        is_key = key not in ("", CLEARING) and key_problem(key) is None
        return Failure(row, key if is_key else None, reason, self._error_key)

    @property
    def unchecked(self) -> dict[str, Any] | None:
        """Which keys of the metadata that resources have are to be seen, as take_out_unchecked asks; None for none."""
        if self._checker.takes_anything:
            return None
        defined = self._checker.defined
        return {
            "columns": self._checked,
            "elsewhere": sorted(defined.difference(self._checked)),
            "defined": sorted(defined),
            "only_defined": self._checker.only_defined,
        }

    def _read(self, columns: list[CellColumn]) -> UpsertBlock:
        read: dict[int, Sequence[str]] = {}
        parts = [make(columns, read) for make in self._makers]
        metadata = self._metadata([columns[index] for index in self._layout.metadata])
        made = row_texts(separated([*parts, metadata.parts]), len(columns[0].cells))
        for index in self._layout.unnamed:
            for at, cell in enumerate(columns[index].cells):
                if cell.strip():
                    made[at] = NEEDS_CARE
        return UpsertBlock(self._layout, columns, made, read, metadata)

    def _repeated(self, keys: list[str], others: list[Row]) -> set[int]:
        """Return the rows whose keys occur more than once, `others` included."""
        elsewhere = [row.value[self._key_at].strip() for row in others if len(row.value or ()) > self._key_at]
        if not elsewhere and len(set(keys)) == len(keys):
            return set()
        counts = Counter(chain(keys, elsewhere))
        return {index for index, key in enumerate(keys) if counts[key] > 1}

    def _maker(self, column: str, default: Any) -> Make:
        """Return what makes the parts of COPY's texts for one column of the table, but not for metadata."""
        inside = {index: field for index, field in self._fields.items() if field.inside == column}
        if inside:
            members = [(field.name, partial(_member, CellReader(field, ""))) for field in inside.values()]
            return partial(_of_several, ObjectTexts(members, NULL), list(inside))
        for index, field in self._fields.items():
            if field.name == column and field.inside is None:
                # What is added to is not told from what resets.
                resets = None if field.grows else default
                read = CellReader(field, NEEDS_CARE if field.required else NULL, default=resets)
                return partial(_of_one, read, index)
        return lambda columns, read: [NULL]


def _checked_columns(metadata: Mapping[int, str], checker: MetadataChecker) -> list[int] | None:
    """Return the columns, of these with their names, of all keys that the schema speaks of.

    None where it speaks of others, or of such as nobody knows.
    """
    if checker.only_defined or not checker.defined.issubset(metadata.values()):
        return None
    return [index for index, name in metadata.items() if name in checker.defined]


def _row_of(rows: Sequence[Row], number: int) -> Row:
    if isinstance(rows, Table):
        return rows[bisect_left(rows.numbers, number)]
    return rows[bisect_left(rows, number, key=attrgetter("number"))]


def _of_one(read_cells: CellReader, index: int, columns: list[CellColumn], read: _Read) -> list[Part]:
    read[index] = texts = read_cells(columns[index])
    return [texts]


def _of_several(objects: ObjectTexts, indexes: list[int], columns: list[CellColumn], read: _Read) -> list[Part]:
    members = objects.read([columns[index] for index in indexes])
    read.update(zip(indexes, [member.texts for member in members], strict=True))
    return objects.parts(members)


def _member(read: CellReader, column: CellColumn) -> MemberTexts:
    """Return a text of an object; where anything in the column is escaped, each such cell needs the careful way."""
    texts = read(column)
    if not column.is_literal:
        texts = [NEEDS_CARE if text != NEEDS_CARE and ESCAPED.search(text) else text for text in texts]
    return MemberTexts(texts, quoted=True, complete="" not in texts)
