"""Some rows of a file with resources to be upserted, read column by column, and why some of them fail."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple, Self

from tallykeep.resources.fields.columns.cell_column import CellColumn
from tallykeep.resources.fields.columns.flaws import Labeled, key_problem, nameless_problem, unreadable
from tallykeep.resources.fields.plain_texts import CLEARING
from tallykeep.resources.metadata.cell_columns import MetadataTexts


class Layout(NamedTuple):
    """A file's header, and by their index in it: the column of keys, those of metadata, counted, and the unnamed.

    `checked` are the columns of all keys that the schema speaks of; None where what it says of a row that has all of
    them may depend on what exists nevertheless. In `reference_at` is the key of what the row refers to.
    """

    header: Sequence[str]
    key_at: int
    metadata: Mapping[int, int]
    unnamed: Sequence[int]
    checked: Sequence[int] | None
    reference_at: int | None


class ReasonIfThere(str):
    """A reason that holds if what the row refers to, by the key `reference`, is there."""

    __slots__ = ("reference",)
    reference: str

    def __new__(cls, reason: str, reference: str) -> Self:
        """Make one of this reason."""
        made = super().__new__(cls, reason)
        made.reference = reference
        return made


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
        """Say what of a row cannot be read, as csv_reader does, or else what is refused of it, whatever exists.

        Empty where neither is sure; raises UnexplainedError where its cells cannot tell.
        """
        layout = self._layout
        problem = key_problem(self._cell(layout.key_at, at))
        problems = [] if problem is None else [f"{layout.header[layout.key_at]}: {problem}"]
        problems += unreadable(self._fields, at)
        for index in sorted([*layout.metadata, *layout.unnamed]):
            problems += self._unreadable(index, at)
        return "; ".join(problems) if problems else self._refusal(at)

    @cached_property
    def _fields(self) -> list[Labeled]:
        return [(self._layout.header[index], self._read[index]) for index in sorted(self._read)]

    def _cell(self, index: int, at: int) -> str:
        return self._columns[index].cells[at].strip()

    def _unreadable(self, index: int, at: int) -> list[str]:
        if index in self._layout.metadata:
            return unreadable([self._metadata.columns[self._layout.metadata[index]]], at)
        return [nameless_problem(index)] if self._cell(index, at) else []

    def _refusal(self, at: int) -> str:
        """Say why the schema refuses a row that can be read, empty where that may depend on what exists.

        It does not where the row has every key that the schema speaks of, so that nothing that exists is left of these,
        and one of them is wrong: the order of several depends on the metadata that they are merged with.
        """
        layout = self._layout
        if layout.checked is None or self._cell(layout.key_at, at) in ("", CLEARING):
            return ""
        if not all(self._cell(index, at) for index in layout.checked):
            return ""
        refusals = self._metadata.refusals(at)
        if len(refusals) != 1:
            return ""
        if layout.reference_at is None:
            return refusals[0]
        return ReasonIfThere(refusals[0], self._cell(layout.reference_at, at))
