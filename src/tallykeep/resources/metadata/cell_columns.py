"""Columns of a file that are metadata, a column at a time, into the members of JSON objects."""

from collections.abc import Mapping, Sequence
from functools import partial

from tallykeep.core import exact_json
from tallykeep.resources.fields.cleaning import Problem
from tallykeep.resources.fields.columns.cell_column import NEEDS_CARE, CellColumn
from tallykeep.resources.fields.columns.object_texts import MemberReader, MemberTexts, ObjectTexts
from tallykeep.resources.fields.columns.ordinary_forms import DAYS, NUMBERS, legible, with_irregular, without
from tallykeep.resources.fields.columns.row_texts import Part
from tallykeep.resources.fields.copy_format import CLEARING, copy_text
from tallykeep.resources.fields.memo import Memo
from tallykeep.resources.metadata.checker import CellCheck, MetadataChecker


class MetadataColumns:
    """Makes the metadata of rows, in COPY's text format, of the columns with these names; none is `absent`.

    NEEDS_CARE stands in the text of a row with a problem.
    """

    def __init__(self, names: Sequence[str], checker: MetadataChecker, marks: Mapping[str, str], absent: str) -> None:
        self._lacks_required = not checker.required.issubset(names)
        checks = {name: checker.cell_check(name, marks.get(name)) for name in names}
        self._texts = ObjectTexts([(name, _member(checks[name])) for name in names], absent)

    def __call__(self, columns: Sequence[CellColumn]) -> list[Part]:
        """Return the parts of the rows' texts; there is a column for each name."""
        return [NEEDS_CARE] if self._lacks_required else self._texts(columns)


def _member(check: CellCheck) -> MemberReader:
    remembered = Memo(partial(_json_text, check))
    if check.cell_type == "other":
        return partial(_of_any, remembered)
    return partial(_READERS[check.cell_type], check, remembered)


def _of_texts(check: CellCheck, remembered: Memo, column: CellColumn) -> MemberTexts:
    stripped = list(map(str.strip, column.cells))
    if not column.is_literal or CLEARING in stripped:
        return _of_any(remembered, column)
    refused = check.refused(column.cells) if check.rules else ()
    texts = [NEEDS_CARE if text in refused else text for text in column.cells] if refused else column.cells
    if "" not in stripped:
        return MemberTexts(texts, quoted=True, complete=True)
    absent = NEEDS_CARE if check.required else ""
    filled = [text if cell else absent for text, cell in zip(texts, stripped, strict=True)]
    return MemberTexts(filled, quoted=True, complete=check.required)


def _of_numbers(check: CellCheck, remembered: Memo, column: CellColumn) -> MemberTexts:
    cells = list(map(str.strip, column.cells))
    irregular = NUMBERS.irregular(cells if column.is_literal else legible(cells))
    if irregular is None:
        return _of_any(remembered, column)
    texts = NUMBERS.texts(without(cells, irregular))
    if check.rules and (refused := check.refused(map(float, texts))):
        texts = [NEEDS_CARE if float(text) in refused else text for text in texts]
    texts = with_irregular(texts, irregular, [remembered[column.cells[at]] for at in irregular])
    return MemberTexts(texts, quoted=False, complete=not irregular or "" not in texts)


def _of_dates(check: CellCheck, remembered: Memo, column: CellColumn) -> MemberTexts:
    """Read days as they stand; whatever else is a date is remembered."""
    irregular = DAYS.irregular(column.cells) if column.is_literal else None
    if irregular is None:
        return _of_any(remembered, column)
    texts = without(column.cells, irregular)
    refused = check.refused(texts) if check.rules else ()
    texts = [NEEDS_CARE if text in refused else f'"{text}"' for text in texts]
    texts = with_irregular(texts, irregular, [remembered[column.cells[at]] for at in irregular])
    return MemberTexts(texts, quoted=False, complete=not irregular or "" not in texts)


_READERS = {"text": _of_texts, "number": _of_numbers, "date": _of_dates}


def _of_any(remembered: Memo, column: CellColumn) -> MemberTexts:
    texts = list(map(remembered.__getitem__, column.cells))
    return MemberTexts(texts, quoted=False, complete="" not in texts)


def _json_text(check: CellCheck, cell: str) -> str:
    """Return the JSON of one cell's value, empty for a blank one; NEEDS_CARE for one that cannot be taken."""
    stripped = cell.strip()
    if not stripped:
        return NEEDS_CARE if check.required else ""
    try:
        value = None if stripped == CLEARING else check.read(cell)
        return copy_text(exact_json.dumps(value).decode()) if check.takes(value) else NEEDS_CARE
    except (Problem, exact_json.EncodeError):
        return NEEDS_CARE
