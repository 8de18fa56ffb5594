"""Columns of cells: a file's rows, so many at a time that their cells fit into a core's own cache."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tallykeep.core.rows import Row, Table, block_rows
from tallykeep.resources.fields.plain_texts import is_literal, not_plain

# Stands for the text of a cell that needs the careful way: it has a problem, or clears a field. COPY's text never has
# this character, so one search of a line finds it.
NEEDS_CARE = "\0"


class CellColumn(NamedTuple):
    """The cells of one column; if `is_literal`, no cell has a character that COPY's text format or JSON escapes."""

    cells: list[str]
    is_literal: bool


def column_blocks(rows: Sequence[Row]) -> Iterator[list[CellColumn]]:
    """Yield the columns of some of the rows at a time; each row has a cell for every title."""
    if isinstance(rows, Table):
        for block in rows.blocks():
            yield _of_table(block)
        return
    size = block_rows(len(rows[0].value)) if rows else 1
    for start in range(0, len(rows), size):
        columns = zip(*[row.value for row in rows[start : start + size]], strict=True)
        yield [_column(list(cells)) for cells in columns]


def _of_table(table: Table) -> list[CellColumn]:
    columns = table.columns()
    if is_literal("".join(table.lines), besides=table.delimiter):
        return [CellColumn(cells, True) for cells in columns]
    return list(map(_column, columns))


def _column(cells: list[str]) -> CellColumn:
    return CellColumn(cells, is_literal("".join(cells)))


def fitted(rows: Sequence[Row], width: int) -> tuple[list[Row], list[Row]]:
    """Return the rows that have a cell for each title, or can be given it, and the others."""
    regular: list[Row] = []
    others: list[Row] = []
    for row in rows:
        cells = row.value if row.problem is None else None
        if cells is None or len(cells) == width:
            (others if cells is None else regular).append(row)
        elif (fitting := fit(cells, width)) is not None:
            regular.append(Row(row.number, fitting))
        else:
            others.append(row)
    return regular, others


def fit(cells: list[str], width: int) -> list[str] | None:
    """Fill up missing cells with empty ones; None where a surplus cell holds something."""
    if len(cells) < width:
        return cells + [""] * (width - len(cells))
    return None if any(cell.strip() for cell in cells[width:]) else cells[:width]


def irregular_rows(keys: list[str], texts: list[str]) -> set[int]:
    """Return the rows that need the careful way: by their texts, or by their keys, stripped cells."""
    return {at for at, text in enumerate(texts) if NEEDS_CARE in text} | not_plain(keys)
