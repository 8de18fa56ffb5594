"""Vouchers that come as the rows of a file.

A batch is cleaned column by column. The few rows in which that finds anything irregular are gone through again one by
one, for every one of their problems.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any

from tallykeep.core import exact_json
from tallykeep.core.rows import Failure, Row
from tallykeep.formats.csv.titles import normal_title, wrong_width
from tallykeep.resources.categories.labels import CategoryLabels
from tallykeep.resources.fields.columns.cell_column import fit
from tallykeep.resources.fields.columns.flaws import nameless_problem
from tallykeep.resources.fields.columns.sorting_out import sort_out
from tallykeep.resources.fields.field import Field
from tallykeep.resources.fields.numerals import NO_MARKS, Marks
from tallykeep.resources.fields.plain_texts import CLEARING
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.vouchers.domain import Values, shown_key, take, take_dates
from tallykeep.resources.vouchers.draft import DraftTable, VoucherDraft, fields_of, together
from tallykeep.resources.vouchers.fields import BY_NAME, BY_TITLE
from tallykeep.resources.vouchers.importing.csv_columns import REQUIRED, CsvColumns
from tallykeep.resources.vouchers.importing.metadata_columns import MetadataCells
from tallykeep.resources.vouchers.importing.worth import WORTH_COLUMNS, worth_of

Cells = list[str]


class CsvVouchers:
    """Cleans the rows of a file with this header; unknown columns become metadata.

    `marks` are what stands before decimals in columns; with `last_day_counts`, a day alone ends with its end.
    """

    def __init__(
        self,
        header: list[str],
        metadata: MetadataChecker,
        categories: CategoryLabels,
        *,
        marks: Marks = NO_MARKS,
        last_day_counts: bool = False,
    ) -> None:
        self._width = len(header)
        self._known: dict[str, tuple[int, Field]] = {}
        self._unnamed: list[int] = []
        self._mark_of_values: str | None = None
        extra: list[tuple[int, str, Callable[[str], Any]]] = []
        for index, name in enumerate(header):
            field = BY_TITLE.get(normal_title(name))
            if field:
                read = field.counting_last_day(last_day_counts).marked(marks.get(name))
                if field.name == "category":
                    read = replace(field, clean_cell=categories.named)
                self._known[field.column_name] = (index, read)
                if field.name == "value":
                    self._mark_of_values = marks.get(name)
            elif name:
                extra.append((index, name, metadata.from_cell(name, marks.get(name))))
            else:
                self._unnamed.append(index)
        # Nothing here may lead back to itself: cycles, and all that they remember, are seldom looked for.
        self._metadata = MetadataCells(extra, metadata)
        names = {index: name for index, name, _ in extra}
        self._columns = CsvColumns(
            self._known, self._unnamed, names, metadata, marks, mark_of_values=self._mark_of_values
        )

    def clean(self, rows: Sequence[Row]) -> tuple[DraftTable, list[Failure]]:
        """Return the drafts and the failures, each in row order."""
        code_at = self._known["code"][0] if "code" in self._known else None
        sorted_out = sort_out(rows, self._width, code_at, self._columns.read, self._failed)
        clean = DraftTable(sorted_out.numbers, sorted_out.keys, sorted_out.texts)
        drafts, failures = self.clean_each(sorted_out.others)
        return together(clean, drafts), sorted([*sorted_out.failures, *failures], key=attrgetter("row"))

    def _failed(self, row: int, code: str, reason: str) -> Failure:
        return Failure(row, shown_key(code) if "code" in self._known else None, reason)

    def clean_each(self, rows: Sequence[Row]) -> tuple[list[VoucherDraft], list[Failure]]:
        """Return the drafts and the failures of rows that are read one by one, each with every problem."""
        drafts: list[VoucherDraft] = []
        return drafts, [failure for row in rows for failure in self._clean_irregular(row, drafts)]

    def _clean_irregular(self, row: Row, drafts: list[VoucherDraft]) -> list[Failure]:
        """Add the row's draft, or return its failure with every problem."""
        if row.problem is not None:
            return [Failure(row.number, self._key(row.value or []), row.problem)]
        cells = fit(row.value, self._width)
        if cells is None:
            return [Failure(row.number, self._key(row.value), wrong_width(len(row.value), self._width))]
        values, cleared, problems = self._read_cells(cells)
        code, voucher_type = values.pop("code", None), values.pop("type", None)
        discount_type, effect, value = (values.pop(name, None) for name in WORTH_COLUMNS[1:])
        is_legible = voucher_type is not None and not any(problem.startswith("Discount Type:") for problem in problems)
        worth, worth_problems = (
            worth_of(str(voucher_type), discount_type, effect, value, self._mark_of_values) if is_legible else ({}, [])
        )
        rule = values.pop("validation_rule", None)
        metadata, flaws = self._metadata.read([cells[index] for index in self._metadata.indexes])
        problems += [*worth_problems, *flaws]
        if problems or code is None or voucher_type is None:
            return [Failure(row.number, self._key(cells), "; ".join(problems))]
        values |= worth
        if rule is not None:
            values["extras"] = exact_json.dumps({"validation_rules": [rule]}).decode()
        if metadata:
            values["metadata"] = exact_json.dumps(metadata).decode()
        drafts.append(VoucherDraft(row.number, code, voucher_type, fields_of(values), tuple(cleared)))
        return []

    def _read_cells(self, cells: Cells) -> tuple[Values, list[str], list[str]]:
        """Read the known columns' values, the names of those set to null, and the problems."""
        values: Values = {}
        cleared: list[str] = []
        problems = [nameless_problem(index) for index in self._unnamed if cells[index].strip()]
        for name in REQUIRED:
            if not (known := self._known.get(name)) or cells[known[0]].strip() in ("", CLEARING):
                problems.append(f"{BY_NAME[name].title} is required")
        for name, (index, field) in self._known.items():
            cell = cells[index].strip()
            if cell == CLEARING:
                cleared.append(name)
            elif cell:
                take(values, problems, name, cell, field.clean_cell, label=field.title)
        take_dates(values, problems, BY_NAME["expiration_date"].title)
        return values, cleared, problems

    def _key(self, cells: Cells) -> str | None:
        known = self._known.get("code")
        return shown_key(cells[known[0]].strip()) if known and known[0] < len(cells) else None
