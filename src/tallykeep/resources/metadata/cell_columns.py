"""Columns of a file that are metadata, a column at a time, into the members of JSON objects."""

from collections.abc import Mapping, Sequence
from functools import cached_property, partial

from tallykeep.core import exact_json
from tallykeep.db.copy_format import copy_text
from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.cleaning import Problem
from tallykeep.resources.fields.columns.cell_column import NEEDS_CARE, CellColumn
from tallykeep.resources.fields.columns.flaws import Flaw, Refusal, UnexplainedError
from tallykeep.resources.fields.columns.object_texts import MemberReader, MemberTexts, ObjectTexts
from tallykeep.resources.fields.columns.ordinary_forms import DAYS, JSON_NUMBERS, legible, with_irregular, without
from tallykeep.resources.fields.columns.row_texts import Part
from tallykeep.resources.fields.memo import Memo
from tallykeep.resources.fields.plain_texts import CLEARING
from tallykeep.resources.metadata.checker import MAX_PROBLEMS, CellCheck, MetadataChecker

_MISSING = Refusal("")  # of a blank cell below a key that has to be there


class MetadataColumns:
    """Makes the metadata of rows, in COPY's text format, of the columns with these names; none is `absent`.

    NEEDS_CARE stands in the text of a row with a problem.
    """

    def __init__(self, names: Sequence[str], checker: MetadataChecker, marks: Mapping[str, str], absent: str) -> None:
        self._names = names
        self._missing = checker.missing
        self._lacks_required = not checker.required.issubset(names)
        checks = {name: checker.cell_check(name, marks.get(name)) for name in names}
        self._texts = ObjectTexts([(name, _member(checks[name])) for name in names], absent)

    def __call__(self, columns: Sequence[CellColumn]) -> "MetadataTexts":
        """Return the texts of some rows; there is a column for each name."""
        members = self._texts.read(columns)
        parts: list[Part] = [NEEDS_CARE] if self._lacks_required else self._texts.parts(members)
        return MetadataTexts(parts, self._names, [member.texts for member in members], self._missing)


class MetadataTexts:
    """The metadata of some rows: the parts of their texts, and the texts of each column by itself."""

    def __init__(
        self,
        parts: list[Part],
        names: Sequence[str],
        columns: Sequence[Sequence[str]],
        missing: Sequence[tuple[str, str]],
    ) -> None:
        self.parts = parts
        self.columns = list(zip(names, columns, strict=True))
        self._missing = missing

    def refusals(self, at: int) -> list[str]:
        """List what the schema says against a row of which all cells are told (see `unreadable`).

        Raises UnexplainedError where that depends on more than its cells.
        """
        refusals = [text for _, texts in self.columns if isinstance(text := texts[at], Refusal)]
        if not refusals and not self._missing:
            return []
        refused = [text.problem for text in refusals if text is not _MISSING]
        if len(refused) >= MAX_PROBLEMS or len(self._texts_of) < len(self.columns):
            raise UnexplainedError
        return refused + [
            reason
            for name, reason in self._missing
            if name not in self._texts_of or self._texts_of[name][at] is _MISSING
        ]

    @cached_property
    def _texts_of(self) -> dict[str, Sequence[str]]:
        return dict(self.columns)


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
    texts = [remembered[text] if text in refused else text for text in column.cells] if refused else column.cells
    if "" not in stripped:
        return MemberTexts(texts, quoted=True, complete=True)
    absent = _MISSING if check.required else ""
    filled = [text if cell else absent for text, cell in zip(texts, stripped, strict=True)]
    return MemberTexts(filled, quoted=True, complete=check.required)


def _of_numbers(check: CellCheck, remembered: Memo, column: CellColumn) -> MemberTexts:
    cells = list(map(str.strip, column.cells))
    irregular = JSON_NUMBERS.irregular(cells if column.is_literal else legible(cells))
    if irregular is None:
        return _of_any(remembered, column)
    texts = JSON_NUMBERS.texts(without(cells, irregular))
    if check.rules:
        numbers = list(map(float, texts))
        if refused := check.refused(numbers):
            pairs = zip(texts, numbers, strict=True)
            texts = [remembered[text] if number in refused else text for text, number in pairs]
    texts = with_irregular(texts, irregular, [remembered[column.cells[at]] for at in irregular])
    return MemberTexts(texts, quoted=False, complete=not irregular or "" not in texts)


def _of_dates(check: CellCheck, remembered: Memo, column: CellColumn) -> MemberTexts:
    """Read days as they stand; whatever else is a date is remembered."""
    irregular = DAYS.irregular(column.cells) if column.is_literal else None
    if irregular is None:
        return _of_any(remembered, column)
    texts = without(column.cells, irregular)
    refused = check.refused(texts) if check.rules else ()
    texts = [remembered[text] if text in refused else f'"{text}"' for text in texts]
    texts = with_irregular(texts, irregular, [remembered[column.cells[at]] for at in irregular])
    return MemberTexts(texts, quoted=False, complete=not irregular or "" not in texts)


_READERS = {"text": _of_texts, "number": _of_numbers, "date": _of_dates}


def _of_any(remembered: Memo, column: CellColumn) -> MemberTexts:
    texts = list(map(remembered.__getitem__, column.cells))
    return MemberTexts(texts, quoted=False, complete="" not in texts)


def _json_text(check: CellCheck, cell: str) -> str:
    """Return the JSON of one cell's value, empty for a blank one; a Flaw or NEEDS_CARE for one that is not taken."""
    stripped = cell.strip()
    if not stripped:
        return _MISSING if check.required else ""
    try:
        value = None if stripped == CLEARING else check.read(cell)
    except Problem as problem:
        return Flaw(str(problem))
    try:
        cleaning.check_storable({"": value})
    except Problem:
        return NEEDS_CARE
    reason = check.refusal(value)
    return copy_text(exact_json.dumps(value).decode()) if reason is None else Refusal(reason)
