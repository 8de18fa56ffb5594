"""Forms that cells ordinarily have, whose texts are made for a whole column without reading any cell by itself.

A form takes only what the field's own cleaner takes too, and makes the same text of it. Cells have no blanks around.
"""

import re
from collections import deque
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from operator import length_hint
from typing import TypeVar

from tallykeep.resources.fields import cleaning, numerals
from tallykeep.resources.fields import spreadsheet_spellings as spellings
from tallykeep.resources.fields.array_cells import text_array_cell
from tallykeep.resources.fields.cleaning import Cleaner
from tallykeep.resources.fields.columns.timestamps import shapes_of, timestamps_alike
from tallykeep.resources.fields.numerals import NumberCell
from tallykeep.resources.fields.object_cells import object_cell
from tallykeep.resources.fields.plain_texts import ESCAPED

Item = TypeVar("Item")
_Make = Callable[[list[str]], list[str]]

_MAX_IRREGULAR = 1 / 4  # of a column's cells: with more, each is read by itself
_PROBE = 64
_MANY_TIMES = 3


class Form:
    """Cells that match a pattern; `make` makes the texts of those that do."""

    def __init__(self, pattern: str, make: _Make = list) -> None:
        self._lines = re.compile(rf"(?:{pattern}\n)*+", re.ASCII)
        self._make = make

    def irregular(self, cells: list[str]) -> list[int] | None:
        """Return the indexes of the cells, none with a line break, that are not of this form; None for too many."""
        text = "\n".join(cells) + "\n"
        irregular: list[int] = []
        at = passed = 0
        while (end := self._end(text, at)) < len(text):
            passed += text.count("\n", at, end)
            irregular.append(passed + len(irregular))
            if len(irregular) > len(cells) * _MAX_IRREGULAR:
                return None
            at = text.index("\n", end) + 1
        return irregular

    def _end(self, text: str, at: int) -> int:
        match = self._lines.match(text, at)
        return match.end() if match else at

    def texts(self, cells: list[str]) -> list[str]:
        """Make the texts of cells that all have this form."""
        return self._make(cells)

    def texts_alike(self, cells: list[str]) -> list[str] | None:
        """Make the texts of cells, none with a line break, if all are of one shape; None where nobody can tell."""
        return None

    def legible(self, cells: list[str]) -> list[str]:
        """Return the cells with something that this form does not have in place of those with line breaks and such."""
        return legible(cells)


class _Dates(Form):
    """Dates that exist, perhaps with a time; `clean` reads them."""

    def __init__(
        self, pattern: str, shapes: Collection[bytes], make: _Make = list, clean: Cleaner | None = None
    ) -> None:
        """Take the shapes of what matches the pattern as well: what is left where every digit is a 0."""
        super().__init__(pattern, make)
        self._shapes = shapes
        self._clean = clean

    def texts_alike(self, cells: list[str]) -> list[str] | None:
        return timestamps_alike(cells, self._clean) if self._clean is not None and cells else None

    def irregular(self, cells: list[str]) -> list[int] | None:
        irregular = self._of_other_shape(cells)
        if irregular is None or len(irregular) > len(cells) * _MAX_IRREGULAR:
            return None
        nonexistent = _nonexistent(without(cells, irregular))
        if not nonexistent:
            return irregular
        left = without(list(range(len(cells))), irregular)
        return sorted([*irregular, *(left[at] for at in nonexistent)])

    def texts(self, cells: list[str]) -> list[str]:
        alike = timestamps_alike(cells, self._clean, exist=True) if self._clean is not None and cells else None
        return super().texts(cells) if alike is None else alike

    def _of_other_shape(self, cells: list[str]) -> list[int] | None:
        shapes = shapes_of(cells) if cells else []
        if shapes is None:
            return super().irregular(cells)
        return [at for at, shape in enumerate(shapes) if shape not in self._shapes]


class _Objects(Form):
    """Objects of texts and numbers, in quotes of one sort."""

    def legible(self, cells: list[str]) -> list[str]:
        return ["?" if _ESCAPED_BUT_QUOTES.search(cell) else cell for cell in cells]


class _Arrays(Form):
    """Texts with commas between them."""

    def legible(self, cells: list[str]) -> list[str]:
        return ["" if ESCAPED.search(cell) else cell for cell in cells]


def _nonexistent(cells: list[str]) -> list[int]:
    """Return the indexes of cells that are no dates, or none that exist."""
    nonexistent: list[int] = []
    left = iter(cells)
    while True:
        try:
            deque(map(datetime.fromisoformat, left), maxlen=0)
        except ValueError:
            nonexistent.append(len(cells) - length_hint(left) - 1)
        else:
            return nonexistent


def repeats(cells: list[str]) -> bool:
    """Whether the first of these cells repeat each other, so that remembering them is cheaper than any form."""
    first = cells[:_PROBE]
    return _MANY_TIMES * len(set(first)) <= len(first)


def without(cells: list[Item], irregular: Sequence[int]) -> list[Item]:
    """Return the cells but those at the indexes `irregular`, which are in order."""
    if not irregular:
        return cells
    left = list(cells)
    for at in reversed(irregular):
        del left[at]
    return left


def with_irregular(texts: list[str], irregular: Sequence[int], others: Sequence[str]) -> list[str]:
    """Return the texts of all cells: those of the `irregular` ones, in order, put in among the rest."""
    if not irregular:
        return texts
    together: list[str] = []
    taken = 0
    for at, other in zip(irregular, others, strict=True):
        step = at - len(together)
        together += texts[taken : taken + step]
        together.append(other)
        taken += step
    return together + texts[taken:]


def legible(cells: list[str]) -> list[str]:
    """Return the cells with something that no form has in place of those with line breaks and the like."""
    return ["?" if ESCAPED.search(cell) else cell for cell in cells]


def form_of(clean: Cleaner) -> Form | None:
    """Return the ordinary form of what this cleaner reads, if there is one."""
    if isinstance(clean, NumberCell):
        return _NUMBERS.get(clean.strict)
    return _OTHERS.get(clean)


def _in_cents(cells: list[str]) -> list[str]:
    text = "\n".join(cells)
    if _TWO_DECIMALS.fullmatch(text + "\n"):
        text = text.replace(".", "").replace(",", "")
        return (_LEADING_ZEROS.sub("", text) if text.startswith("0") or "\n0" in text else text).split("\n")
    # Exact: with at most twelve digits before the point, a float is off by far less than half of the smallest unit.
    return [str(round(float(cell) * 100)) for cell in text.replace(",", ".").split("\n")] if cells else []


_TWO_DECIMALS = re.compile(r"(?:\d++[.,]\d\d\n)*+", re.ASCII)
_LEADING_ZEROS = re.compile(r"^0{1,13}(?=\d)", re.MULTILINE | re.ASCII)
_ENDS = {len("2026-12-31T23:59:59Z"): ".000+00:00", len("2026-12-31T23:59:59.999Z"): "+00:00"}


def _with_offsets(cells: list[str]) -> list[str]:
    return [cell[:-1] + _ENDS[len(cell)] for cell in cells]


def _in_json(cells: list[str]) -> list[str]:
    text = "\n".join(cells)
    if cells and '"' not in text:
        return text.replace("'", '"').split("\n")
    return [cell if '"' in cell else cell.replace("'", '"') for cell in cells]


def _in_array(cells: list[str]) -> list[str]:
    quoted = "\n".join(cells).replace(",", '","').replace("\n", '"]\n["')
    return f'["{quoted}"]'.split("\n") if cells else []


def _object_pattern(text: str) -> str:
    member = rf"{text}: ?(?:{text}|{_NUMBER}|true|false)"
    return rf"\{{(?:{member}(?:, ?{member})*+)?+\}}"


_ESCAPED_BUT_QUOTES = re.compile(r"[\x00-\x1f\\\x7f\ud800-\udfff]")


def _without_second_zero(cells: list[str]) -> list[str]:
    return [cell[:-1] if cell[-1] == "0" and cell[-3:-2] == "." else cell for cell in cells]


_DATE = r"\d\d\d\d-\d\d-\d\d"
_TIMESTAMP = _DATE + r"T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d\d\d)?Z"
_SHAPES = (b"0000-00-00T00:00:00Z", b"0000-00-00T00:00:00.000Z")
DAYS = _Dates(_DATE, (b"0000-00-00",))
# Of so many digits at most, a float shows the same ones.
_NUMBER = r"(?:0|[1-9]\d{0,12}+)(?:\.\d?[1-9])?"
NUMBERS = Form(_NUMBER)
# The same with a 0 at the end of their decimals, as JSON shows them.
JSON_NUMBERS = Form(r"(?:0|[1-9]\d{0,12}+)(?:\.\d\d?+)?", _without_second_zero)
_SINGLE_QUOTED, _DOUBLE_QUOTED = map(_object_pattern, (r"""'[^'"\\\n]*+'""", r'"[^"\\\n]*+"'))

_ITEM = r"[!#-+\--Z\]-~](?:[ !#-+\--Z\]-~]*+(?<! ))?"

_NUMBERS: dict[Cleaner, Form] = {
    cleaning.cell_cents: Form(r"\d{1,12}+(?:[.,]\d\d?+)?", _in_cents),
    cleaning.cell_integer: Form(r"(?:0|[1-9]\d{0,14}+)"),
    cleaning.cell_number: NUMBERS,
    numerals.percent.strict: Form(r"(?:0|[1-9]\d?+)(?:\.\d?[1-9])?"),
}
_OTHERS: dict[Cleaner, Form] = {
    spellings.timestamp: _Dates(_TIMESTAMP, _SHAPES, _with_offsets, cleaning.timestamp),
    spellings.last_timestamp: _Dates(_TIMESTAMP, _SHAPES, _with_offsets, cleaning.last_timestamp),
    spellings.day: DAYS,
    # Of texts in ASCII without brackets and quotes, and without blanks at their ends; "null" clears the field.
    text_array_cell: _Arrays(rf"(?!null\n){_ITEM}(?:,{_ITEM})*+", _in_array),
    object_cell: _Objects(f"(?:{_SINGLE_QUOTED}|{_DOUBLE_QUOTED})", _in_json),
}
