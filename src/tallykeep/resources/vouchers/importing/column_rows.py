"""Rows of a file into drafts, a column at a time, and the rows for which that is not enough."""

from collections.abc import Callable, Sequence

from tallykeep.core.rows import Row, Table
from tallykeep.resources.fields.columns.cell_column import CellColumn, by_width, column_blocks, irregular_rows
from tallykeep.resources.vouchers.draft import DraftTable

# Makes the row texts (see DraftTable) of a block of columns; NEEDS_CARE is in those of rows that need it.
Texts = Callable[[list[CellColumn]], list[str]]


def sort_out(rows: Sequence[Row], width: int, code_at: int, texts: Texts) -> tuple[DraftTable, list[Row]]:
    """Return the drafts of the regular rows, and the other rows.

    A row is regular if it has a cell for each of `width` titles, and nothing in it needs a closer look; `code_at` is
    the column of the codes.
    """
    regular, others = (rows, []) if isinstance(rows, Table) else by_width(rows, width)
    codes: list[str] = []
    row_texts: list[str] = []
    for columns in column_blocks(regular):
        codes += map(str.strip, columns[code_at].cells)
        row_texts += texts(columns)
    numbers = regular.numbers if isinstance(regular, Table) else [row.number for row in regular]
    table = DraftTable(numbers, codes, row_texts)
    irregular = irregular_rows(codes, row_texts)
    if not irregular:
        return table, others
    kept = [at for at in range(len(codes)) if at not in irregular]
    return table.at(kept), [*others, *(regular[at] for at in sorted(irregular))]


def ending_before_start(starts: Sequence[str], ends: Sequence[str], absent: str) -> list[int]:
    """Return the rows with an end before their start, of texts as they are copied; either may be absent."""
    pairs = enumerate(zip(starts, ends, strict=True))
    return [at for at, (start, end) in pairs if end < start and absent not in (start, end)]
