"""The quick way from a file's cells to what is copied: all that is not a code, made ready at once.

Files repeat themselves: what has been made of a cell, and of all the cells of a row behind its code, is looked up the
next time. Whatever needs the careful way is NEEDS_CARE.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tallykeep.core import exact_json
from tallykeep.core.rows import Table
from tallykeep.resources.fields.cell_texts import NEEDS_CARE, CellTexts
from tallykeep.resources.fields.cleaning import Problem
from tallykeep.resources.fields.copy_format import CLEARING, NULL, copy_text
from tallykeep.resources.fields.field import Field
from tallykeep.resources.fields.memo import Memo
from tallykeep.resources.vouchers.cell_choices import DISCOUNT_TYPE_CELL, TYPE_CELL, effect_cell
from tallykeep.resources.vouchers.draft import ABSENT, COLUMNS
from tallykeep.resources.vouchers.importing.metadata_columns import MetadataCells
from tallykeep.resources.vouchers.importing.worth import BOUGHT, WORTH_FIELDS, worth_of

_WORTH_REMEMBERING = 2_000


class RowTexts:
    """Makes row texts (see DraftTable) out of a file's columns: known by name, without a name, and the rest."""

    def __init__(
        self,
        known: Mapping[str, tuple[int, Field]],
        unnamed: list[int],
        metadata: MetadataCells,
        mark_of_values: str | None = None,
    ) -> None:
        self._known = known
        self._unnamed = [*unnamed, *(known[name][0] for name in ("validation_rule",) if name in known)]
        self._extra = metadata.indexes
        self._metadata = Memo(_metadata_text(metadata))
        self._bought = Memo(_bought_text(mark_of_values))
        self._texts = {name: CellTexts(known[name][1], ABSENT[name]) for name in COLUMNS if name in known}
        self._by_rest: dict[str, Any] = {}
        self._rows = 0
        self._repeats = True

    def of_table(self, rows: Table, code_at: int) -> tuple[list[str], list[Any]]:
        """Return the cells of the code's column, and the row texts."""
        if self._repeats and rows.kept[code_at] == 0 and rows.width > 1:
            return self._of_lines(rows)
        columns = rows.columns()
        return columns[code_at], self.of_columns(columns)

    def _of_lines(self, rows: Table) -> tuple[list[str], list[Any]]:
        """Do the same where a row is its code and a rest that may well have occurred before."""
        halves = [line.partition(rows.delimiter) for line in rows.lines]
        rests = [half[2] for half in halves]
        row_texts = self._by_rest
        new = list({rest: None for rest in rests if rest not in row_texts})
        if new:
            blank = rows.of(range(len(new)), [rows.delimiter + rest for rest in new])
            row_texts.update(zip(new, self.of_columns(blank.columns()), strict=True))
        self._rows += len(rows)
        self._repeats = len(row_texts) < max(_WORTH_REMEMBERING, self._rows // 2)
        return [half[0] for half in halves], list(map(row_texts.__getitem__, rests))

    def of_columns(self, cells: list[list[str]]) -> list[Any]:
        """Make the text of each row, or NEEDS_CARE; the code's own cell is not read."""
        rows = len(cells[0])
        nothing = [""] * rows
        bought = [cells[self._known[name][0]] if name in self._known else nothing for name in BOUGHT]
        worth = list(map(self._bought.__getitem__, zip(*bought, strict=True)))
        columns: dict[str, Sequence[Any]] = {
            name: texts(cells[self._known[name][0]]) for name, texts in self._texts.items()
        }
        extra = zip(*[cells[index] for index in self._extra], strict=True) if self._extra else [()] * rows
        columns["metadata"] = list(map(self._metadata.__getitem__, extra))
        irregular = self._irregular_rows(cells, worth, columns)
        for at, name in enumerate(WORTH_FIELDS, 1):
            columns[name] = [NULL if made is NEEDS_CARE else made[at] for made in worth]
        voucher_types = [NULL if made is NEEDS_CARE else made[0] for made in worth]
        fields = [columns.get(name) or [ABSENT[name]] * rows for name in COLUMNS]
        if irregular:
            rows_of_fields = zip(voucher_types, *fields, strict=True)
            return [NEEDS_CARE if at in irregular else "\t".join(texts) for at, texts in enumerate(rows_of_fields)]
        return list(map("\t".join, zip(voucher_types, *fields, strict=True)))

    def _irregular_rows(
        self, cells: list[list[str]], worth: list[Any], columns: Mapping[str, Sequence[Any]]
    ) -> set[int]:
        irregular: set[int] = set()
        for column in (worth, *columns.values()):
            if NEEDS_CARE in column:
                irregular.update(at for at, text in enumerate(column) if text is NEEDS_CARE)
        irregular.update(_ending_before_start(columns.get("start_date", ()), columns.get("expiration_date", ())))
        for index in self._unnamed:
            irregular.update(at for at, cell in enumerate(cells[index]) if cell and cell.strip())
        return irregular


def _metadata_text(metadata: MetadataCells) -> Callable[[tuple[str, ...]], Any]:
    """Make a reader of a row's cells that answers with COPY's text, or with NEEDS_CARE."""

    def read(cells: tuple[str, ...]) -> Any:
        values, problems = metadata.read(cells)
        if problems:
            return NEEDS_CARE
        return copy_text(exact_json.dumps(values).decode()) if values else ABSENT["metadata"]

    return read


def _bought_text(mark: str | None) -> Callable[[tuple[str, ...]], Any]:
    """Make a reader of Voucher Type, Discount Type, Discount Effect and Value: (type, discount, gift, loyalty card).

    It answers with COPY's texts, or with NEEDS_CARE.
    """

    def read(cells: tuple[str, ...]) -> Any:
        stripped = [cell.strip() for cell in cells]
        if CLEARING in stripped:
            return NEEDS_CARE
        try:
            voucher_type = TYPE_CELL(stripped[0])
            discount_type = DISCOUNT_TYPE_CELL(stripped[1]) if stripped[1] else None
        except Problem:
            return NEEDS_CARE
        effect = effect_cell(stripped[2]) if stripped[2] else None
        worth, problems = worth_of(voucher_type, discount_type, effect, stripped[3] or None, mark)
        if problems:
            return NEEDS_CARE
        return (voucher_type, *(copy_text(worth[name]) if name in worth else NULL for name in WORTH_FIELDS))

    return read


def _ending_before_start(starts: Sequence[Any], ends: Sequence[Any]) -> list[int]:
    """Return the indexes with an end before their start; either may be absent, and then there are none."""
    pairs = set(zip(starts, ends, strict=False))
    wrong = {pair for pair in pairs if NEEDS_CARE not in pair and NULL not in pair and pair[1] < pair[0]}
    return [at for at, pair in enumerate(zip(starts, ends, strict=False)) if pair in wrong] if wrong else []
