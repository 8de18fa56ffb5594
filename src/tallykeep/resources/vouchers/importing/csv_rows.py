"""Vouchers that come as the rows of a file.

A batch is cleaned column by column, each different cell once, because files repeat themselves. The few rows in which
that finds anything irregular are gone through again one by one, for every one of their problems.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from tallykeep.core import exact_json
from tallykeep.core.rows import Failure, Row, Table
from tallykeep.formats.csv.titles import normal_title, wrong_width
from tallykeep.resources.categories.labels import CategoryLabels
from tallykeep.resources.fields.cell_texts import NEEDS_CARE
from tallykeep.resources.fields.copy_format import CLEARING, all_plain, is_plain
from tallykeep.resources.fields.field import Field
from tallykeep.resources.fields.numerals import NO_MARKS, Marks
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.vouchers.domain import Values, shown_key, take, take_dates
from tallykeep.resources.vouchers.draft import DraftTable, VoucherDraft, fields_of
from tallykeep.resources.vouchers.fields import BY_NAME, BY_TITLE
from tallykeep.resources.vouchers.importing.csv_fast_path import RowTexts
from tallykeep.resources.vouchers.importing.metadata_columns import MetadataCells
from tallykeep.resources.vouchers.importing.worth import BOUGHT, worth_of

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
        self._row_texts = RowTexts(self._known, self._unnamed, self._metadata, self._mark_of_values)

    def clean(self, rows: Sequence[Row]) -> tuple[Sequence[VoucherDraft], list[Failure]]:
        """Return the drafts and the failures, each in row order."""
        if "code" not in self._known:
            clean, irregular = DraftTable([], [], []), list(rows)
        elif isinstance(rows, Table):
            clean, irregular = self._clean_table(rows)
        else:
            clean, irregular = self._clean_list(rows)
        if not irregular:
            return clean, []
        drafts = list(clean)
        failures = [failure for row in irregular for failure in self._clean_irregular(row, drafts)]
        drafts.sort(key=lambda draft: draft.row)
        failures.sort(key=lambda failure: failure.row)
        return drafts, failures

    def _clean_table(self, rows: Table) -> tuple[DraftTable, list[Row]]:
        """Return the drafts of the regular rows, and the other rows."""
        codes: list[str] = []
        row_texts: list[Any] = []
        for block in rows.blocks():
            some_codes, some_texts = self._row_texts.of_table(block, self._known["code"][0])
            codes += map(str.strip, some_codes)
            row_texts += some_texts
        return _sorted_out(rows, rows.numbers, codes, row_texts)

    def _clean_list(self, rows: Sequence[Row]) -> tuple[DraftTable, list[Row]]:
        """Do the same for rows that had to be parsed."""
        regular = [row for row in rows if row.problem is None and len(row.value) == self._width]
        others = [row for row in rows if row.problem is not None or len(row.value) != self._width]
        columns = list(map(list, zip(*[row.value for row in regular], strict=True))) or [[]] * self._width
        codes = list(map(str.strip, columns[self._known["code"][0]]))
        clean, irregular = _sorted_out(
            regular, [row.number for row in regular], codes, self._row_texts.of_columns(columns)
        )
        return clean, irregular + others

    def _clean_irregular(self, row: Row, drafts: list[VoucherDraft]) -> list[Failure]:
        """Add the row's draft, or return its failure with every problem."""
        if row.problem is not None:
            return [Failure(row.number, self._key(row.value or []), row.problem)]
        cells = _fitted(row.value, self._width)
        if cells is None:
            return [Failure(row.number, self._key(row.value), wrong_width(len(row.value), self._width))]
        values, cleared, problems = self._read_cells(cells)
        code, voucher_type = values.pop("code", None), values.pop("type", None)
        discount_type, effect, value = (values.pop(name, None) for name in BOUGHT[1:])
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
        problems = [
            f"column {index + 1} has a value, but no name in the header"
            for index in self._unnamed
            if cells[index].strip()
        ]
        for name in ("code", "type"):
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


def _sorted_out(
    rows: Sequence[Row], numbers: Sequence[int], codes: list[str], row_texts: list[Any]
) -> tuple[DraftTable, list[Row]]:
    irregular = (
        {at for at, row_text in enumerate(row_texts) if row_text is NEEDS_CARE} if NEEDS_CARE in row_texts else set()
    )
    if not all_plain(codes):
        irregular.update(at for at, code in enumerate(codes) if not is_plain(code))
    if not irregular:
        return DraftTable(numbers, codes, row_texts), []
    kept = [at for at in range(len(codes)) if at not in irregular]
    clean = DraftTable([numbers[at] for at in kept], [codes[at] for at in kept], [row_texts[at] for at in kept])
    return clean, [rows[at] for at in sorted(irregular)]


def _fitted(cells: Cells, width: int) -> Cells | None:
    """Fill up missing cells with empty ones; None where a surplus cell holds something."""
    if len(cells) < width:
        return cells + [""] * (width - len(cells))
    return None if any(cell.strip() for cell in cells[width:]) else cells[:width]
