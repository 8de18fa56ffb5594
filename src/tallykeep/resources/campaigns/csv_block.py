"""Some rows of a file for a campaign, read column by column, and why some of them fail."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tallykeep.resources.fields.columns.cell_column import NEEDS_CARE, CellColumn
from tallykeep.resources.fields.columns.flaws import UnexplainedError, key_problem, nameless_problem, unreadable
from tallykeep.resources.fields.columns.timestamps import end_problem
from tallykeep.resources.fields.plain_texts import CLEARING
from tallykeep.resources.metadata.cell_columns import MetadataTexts

Dates = tuple[Sequence[str], Sequence[str]]

DATES = ("start_date", "expiration_date")


class Layout(NamedTuple):
    """What a file's columns are, by their index: fields, with their names and titles, metadata, counted, or neither.

    In columns that are `misplaced` is what vouchers of the campaign cannot have. `is_refused` tells whether the schema
    has anything against the metadata of the campaign's own voucher, which counts where a row has none.
    """

    fields: dict[int, tuple[str, str]]
    metadata: dict[int, int]
    unnamed: list[int]
    misplaced: list[int]
    is_refused: bool


class CampaignBlock:
    """Rows that were read: `read` are the texts of fields' columns, `dates` those of both dates."""

    def __init__(
        self,
        layout: Layout,
        columns: list[CellColumn],
        texts: list[str],
        read: Mapping[str, Sequence[str]],
        dates: Dates,
        metadata: MetadataTexts,
    ) -> None:
        self.texts = texts
        self._layout = layout
        self._columns = columns
        self._read = read
        self._dates = dates
        self._metadata = metadata

    def reason(self, at: int) -> str:
        """Say why a row fails, as CampaignVouchers.clean_each does: all that cannot be read, or else all that is wrong.

        Empty where it does not fail; raises UnexplainedError where its cells cannot tell.
        """
        if any(self._cell(index, at) for index in self._layout.misplaced):
            raise UnexplainedError
        problems = [problem for index in range(len(self._columns)) for problem in self._unreadable(index, at)]
        return "; ".join(problems or self._wrong(at))

    def _cell(self, index: int, at: int) -> str:
        return self._columns[index].cells[at].strip()

    def _unreadable(self, index: int, at: int) -> list[str]:
        if index in self._layout.metadata:
            return unreadable([self._metadata.columns[self._layout.metadata[index]]], at)
        if index not in self._layout.fields:
            is_nameless = index in self._layout.unnamed and self._cell(index, at)
            return [nameless_problem(index)] if is_nameless else []
        name, title = self._layout.fields[index]
        if name == "category" and self._read[name][at] == NEEDS_CARE:
            raise UnexplainedError  # its text is read, its name looked at once all of the row is
        if name in self._read:
            return unreadable([(title, self._read[name])], at)
        problem = key_problem(self._cell(index, at)) if name == "code" else None
        return [] if problem is None else [f"{title}: {problem}"]

    def _wrong(self, at: int) -> list[str]:
        """List what is wrong with the voucher that the row makes."""
        code = self._cell(next(index for index, (name, _) in self._layout.fields.items() if name == "code"), at)
        if code == CLEARING:
            raise UnexplainedError
        problem = end_problem(*self._dates, at)
        problems = [] if code else ["code is required"]
        problems += [] if problem is None else [f"expiration_date: {problem}"]
        return problems + self._refusals(at)

    def _refusals(self, at: int) -> list[str]:
        if any(self._cell(index, at) for index in self._layout.metadata):
            return self._metadata.refusals(at)
        if self._layout.is_refused:
            raise UnexplainedError
        return []
