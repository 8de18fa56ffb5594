"""A column of a file, made ready for COPY at once."""

from collections.abc import Sequence
from typing import Any

from tallykeep.resources.fields.cleaning import Problem
from tallykeep.resources.fields.copy_format import CLEARING, copy_text
from tallykeep.resources.fields.field import Field
from tallykeep.resources.fields.memo import Memo


class _NeedsCare:
    """Stands for a cell, or a row, that needs the careful way: it has a problem, or clears a field."""


NEEDS_CARE = _NeedsCare()


class CellTexts:
    """Makes COPY's texts of the cells of a field's column, and remembers them: a list in, a list of that length out.

    A blank cell becomes `absent`. NEEDS_CARE stands for what needs the careful way; nothing is raised.
    """

    def __init__(self, field: Field, absent: str) -> None:
        clean = field.clean_cell

        def read(cell: str) -> Any:
            stripped = cell.strip()
            if not stripped:
                return absent
            if stripped == CLEARING:
                return NEEDS_CARE
            try:
                return copy_text(clean(stripped))
            except Problem:
                return NEEDS_CARE

        self._made = Memo(read)

    def __call__(self, cells: Sequence[str]) -> list[Any]:
        """Return the text of each cell, or NEEDS_CARE."""
        return list(map(self._made.__getitem__, cells))
