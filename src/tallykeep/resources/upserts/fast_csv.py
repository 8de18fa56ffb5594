"""The fast path from a file's columns to changes that PostgreSQL can merge by itself.

A batch is cleaned column by column into COPY's text. Irregular rows are read one by one: those with a problem or a null
in a cell, with a key that is not plain, or with a key that occurs more than once, because order matters.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

from tallykeep.core.rows import Row, Table
from tallykeep.formats.csv.titles import normal_title
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.columns.cell_column import (
    NEEDS_CARE,
    CellColumn,
    by_width,
    column_blocks,
    irregular_rows,
)
from tallykeep.resources.fields.columns.cell_reader import CellReader
from tallykeep.resources.fields.columns.object_texts import MemberTexts, ObjectTexts
from tallykeep.resources.fields.columns.row_texts import Part, row_texts, separated
from tallykeep.resources.fields.copy_format import ESCAPED, NULL
from tallykeep.resources.fields.field import Field
from tallykeep.resources.fields.numerals import NO_MARKS, Marks
from tallykeep.resources.metadata.cell_columns import MetadataColumns
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.upserts.spec import UpsertSpec

Made = Callable[[list[CellColumn]], list[Part]]


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

    def text(self, ids: list[str]) -> str:
        """COPY's text, in the order of the keys; the ids are for those that turn out to be new."""
        lines = map("\t".join, zip(self.keys, ids, map(str, self.numbers), self.column_texts, strict=True))
        return "".join([f"{line}\n" for line in sorted(lines)])


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
        self._unnamed: list[int] = []
        extra: dict[int, str] = {}
        for index, name in enumerate(header):
            if normal_title(name) == "sourceid":
                self._key_at = index
            elif field := named.get(normal_title(name)):
                self._fields[index] = field.marked(marks.get(name))
            elif name:
                extra[index] = name
            else:
                self._unnamed.append(index)
        indexes = {field.name: index for index, field in self._fields.items()}
        self.lack_required = any(field.required and field.name not in indexes for field in spec.fields)
        self._reference_at = indexes.get(spec.reference.field) if spec.reference is not None else None
        self._extra = list(extra)
        self._checker = checker
        self._checked = sorted(checker.defined.intersection(extra.values()))
        self._metadata = MetadataColumns(list(extra.values()), checker, marks, NULL)
        self._makers = [self._maker(column, spec.table.defaults.get(column)) for column in spec.table.columns]

    def sort_out(self, rows: Sequence[Row]) -> tuple[ReadyChanges, list[Row]]:
        """The changes that are ready, and the irregular rows, each in row order."""
        regular, others = (rows, []) if isinstance(rows, Table) else by_width(rows, self._width)
        keys: list[str] = []
        texts: list[str] = []
        references: list[str] = []
        for columns in column_blocks(regular):
            keys += map(str.strip, columns[self._key_at].cells)
            texts += self._texts(columns)
            if self._reference_at is not None:
                references += map(str.strip, columns[self._reference_at].cells)
        numbers = regular.numbers if isinstance(regular, Table) else [row.number for row in regular]
        irregular = irregular_rows(keys, texts) | self._repeated(keys, others)
        ready = ReadyChanges(numbers, keys, texts, references)
        if not irregular:
            return ready, others
        kept = [index for index in range(len(keys)) if index not in irregular]
        return ready.at(kept), sorted([*others, *(regular[at] for at in irregular)], key=lambda row: row.number)

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

    def _texts(self, columns: list[CellColumn]) -> list[str]:
        rows = len(columns[0].cells)
        texts = row_texts(separated(make(columns) for make in self._makers), rows)
        for index in self._unnamed:
            for at, cell in enumerate(columns[index].cells):
                if cell.strip():
                    texts[at] = NEEDS_CARE
        return texts

    def _repeated(self, keys: list[str], others: list[Row]) -> set[int]:
        """Return the rows whose keys occur more than once, `others` included."""
        elsewhere = [row.value[self._key_at].strip() for row in others if len(row.value or ()) > self._key_at]
        if not elsewhere and len(set(keys)) == len(keys):
            return set()
        counts = Counter(chain(keys, elsewhere))
        return {index for index, key in enumerate(keys) if counts[key] > 1}

    def _maker(self, column: str, default: Any) -> Made:
        """Return what makes the parts of COPY's texts for one column of the table."""
        if column == "metadata":
            return partial(_of_several, self._metadata, self._extra)
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
        return lambda columns: [NULL]


def _of_one(read: CellReader, index: int, columns: list[CellColumn]) -> list[Part]:
    return [read(columns[index])]


def _of_several(
    make: Callable[[Sequence[CellColumn]], list[Part]], indexes: list[int], columns: list[CellColumn]
) -> list[Part]:
    return make([columns[index] for index in indexes])


def _member(read: CellReader, column: CellColumn) -> MemberTexts:
    """Return a text of an object; where anything in the column is escaped, each such cell needs the careful way."""
    texts = read(column)
    if not column.is_literal:
        texts = [NEEDS_CARE if ESCAPED.search(text) else text for text in texts]
    return MemberTexts(texts, quoted=True, complete="" not in texts)
