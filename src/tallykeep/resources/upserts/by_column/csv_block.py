"""Some rows of a file with resources to be upserted, read column by column, and why some of them fail."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from tallykeep.resources.fields.columns.cell_column import CellColumn
from tallykeep.resources.fields.columns.flaws import Labeled, key_problem, nameless_problem, unreadable
from tallykeep.resources.metadata.cell_columns import MetadataTexts


class Layout(NamedTuple):
    """A file's header, and by their index in it: the column of keys, those of metadata, counted, and the unnamed."""

    header: Sequence[str]
    key_at: int
    metadata: Mapping[int, int]
    unnamed: Sequence[int]


class UpsertBlock:
    """Rows that were read: `read` are the texts of fields' columns, by index."""

    def __init__(
        self,
        layout: Layout,
        columns: list[CellColumn],
        texts: list[str],
        read: Mapping[int, Sequence[str]],
        metadata: MetadataTexts,
    ) -> None:
        self.texts = texts
        self._layout = layout
        self._columns = columns
        self._read = read
        self._metadata = metadata

    def reason(self, at: int) -> str:
        """Say what of a row cannot be read, as csv_reader does; what else is wrong depends on what exists.

        Empty where it can be read; raises UnexplainedError where its cells cannot tell.
        """
        layout = self._layout
        problem = key_problem(self._cell(layout.key_at, at))
        problems = [] if problem is None else [f"{layout.header[layout.key_at]}: {problem}"]
        problems += unreadable(self._fields, at)
        for index in sorted([*layout.metadata, *layout.unnamed]):
            problems += self._unreadable(index, at)
        return "; ".join(problems)

    @cached_property
    def _fields(self) -> list[Labeled]:
        return [(self._layout.header[index], self._read[index]) for index in sorted(self._read)]

    def _cell(self, index: int, at: int) -> str:
        return self._columns[index].cells[at].strip()

    def _unreadable(self, index: int, at: int) -> list[str]:
        if index in self._layout.metadata:
            return unreadable([self._metadata.columns[self._layout.metadata[index]]], at)
        return [nameless_problem(index)] if self._cell(index, at) else []
