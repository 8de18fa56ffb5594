"""A field's column of cells into COPY's texts."""

from collections.abc import Callable
from typing import Any

from tallykeep.core import exact_json
from tallykeep.db.copy_format import copy_text
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Problem
from tallykeep.resources.fields.columns.cell_column import NEEDS_CARE, CellColumn
from tallykeep.resources.fields.columns.flaws import Flaw
from tallykeep.resources.fields.columns.ordinary_forms import Form, form_of, repeats, with_irregular, without
from tallykeep.resources.fields.field import Field
from tallykeep.resources.fields.memo import Memo
from tallykeep.resources.fields.plain_texts import CLEARING, ESCAPED, not_plain


class CellReader:
    """Makes COPY's texts of the cells of a field's column: a column in, a list of that length out.

    A blank cell becomes `absent`, one with a problem a Flaw; one whose value is the field's `default`, or that clears
    the field, or a member of its object, becomes NEEDS_CARE. Nothing is raised.
    """

    def __init__(self, field: Field, absent: str, *, default: Any = None) -> None:
        self._absent = absent
        self._takes = field.is_plain
        self._is_text = field.clean_cell is cleaning.text or field.is_plain is not None
        self._is_key = field.clean_cell is cleaning.key_text
        self._form = form_of(field.clean_cell)
        self._remembered = Memo(_reader_of(field, absent, default))

    def __call__(self, column: CellColumn) -> list[str]:
        """Return the text of each cell, a Flaw or NEEDS_CARE."""
        cells = list(map(str.strip, column.cells))
        if self._is_text:
            return self._of_texts(cells, column.is_literal)
        if self._is_key:
            return self._of_keys(cells)
        if self._form is not None and not repeats(cells):
            return self._of_form(self._form, cells, column.is_literal)
        return list(map(self._remembered.__getitem__, cells))

    def _of_texts(self, cells: list[str], is_literal: bool) -> list[str]:
        if not is_literal:
            return [cell if self._stands(cell) else self._remembered[cell] for cell in cells]
        if self._takes is not None and not all(map(self._takes, filter(None, cells))):
            return [cell if self._takes(cell) else self._remembered[cell] for cell in cells]
        if CLEARING in cells:
            return [NEEDS_CARE if cell == CLEARING else cell or self._absent for cell in cells]
        return [cell or self._absent for cell in cells] if "" in cells else cells

    def _stands(self, cell: str) -> bool:
        """Whether the cell is copied as it stands."""
        return not (cell in ("", CLEARING) or ESCAPED.search(cell) or (self._takes and not self._takes(cell)))

    def _of_keys(self, cells: list[str]) -> list[str]:
        irregular = sorted(not_plain(cells))
        return with_irregular(without(cells, irregular), irregular, [self._remembered[cells[at]] for at in irregular])

    def _of_form(self, form: Form, cells: list[str], is_literal: bool) -> list[str]:
        if is_literal and (texts := form.texts_alike(cells)) is not None:
            return texts
        irregular = form.irregular(cells if is_literal else form.legible(cells))
        if irregular is None:
            return list(map(self._remembered.__getitem__, cells))
        ordinary = form.texts(without(cells, irregular))
        return with_irregular(ordinary, irregular, [self._remembered[cells[at]] for at in irregular])


def _reader_of(field: Field, absent: str, default: Any) -> Callable[[str], str]:
    clean = field.clean_cell

    def read(stripped: str) -> str:
        if not stripped:
            return absent
        if stripped == CLEARING:
            return NEEDS_CARE
        try:
            value = clean(stripped)
        except Problem as problem:
            return Flaw(str(problem))
        is_special = (default is not None and value == default) or (isinstance(value, dict) and None in value.values())
        return NEEDS_CARE if is_special else _copied(value)

    return read


def _copied(value: Any) -> str:
    return copy_text(exact_json.dumps(value).decode() if isinstance(value, dict | list) else value)
