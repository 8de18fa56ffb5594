"""Marks of cells that a sheet's XML has beside their values: number formats, errors, missing values.

It is parsed only where a format changes how numbers look, or where a quick search finds traces of the others.
"""

import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import IO

from tallykeep.formats.xlsx.archive import CHUNK_BYTES, MAX_ROWS, Attributes, StrictParser, column_of
from tallykeep.formats.xlsx.number_format import NumberFormat

NEVER_CALCULATED = "a formula that was never calculated"

_UNKNOWN = "of an unknown kind"

_MAX_STYLES = 50  # that are searched for by name
_MAX_ERROR_LENGTH = 40
_HEAD_BYTES = 4_096
_ROOT = re.compile(rb"<(\w+:)?worksheet[\s>]")
_FORMULA = (b"<f", b"f>", b":f")
# The end of a formula without a value after it; also after an element that is no formula: the parser decides.
_WITHOUT_VALUE = re.compile(rb"(?:f|/)>\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</|</(?:\w+:)?c>)")
# Markup that may hide a cell, and a cell whose attributes are not its position first and then its style, if any.
_UNUSUAL = rb'<!|<%sc(?:[\t\r\n]| (?!r="[A-Z]{1,3}[1-9]\d{0,6}"(?:/?>| s="\d+"| (?:t|cm|vm)="\w+"/?>)))'
_COLUMN_BITS, _DISPLAY_BITS = 14, 24

Display = NumberFormat | str
Mark = tuple[int, Display]


class Marks:
    """The cells whose number format changes what is shown (the format), and those with an error as value (its text)."""

    def __init__(self) -> None:
        self.packed = array("Q")
        self.row_count = 0  # up to the last row that has an error
        self._displays: list[Display] = []
        self._numbers: dict[Display, int] = {}

    def number_of(self, display: Display) -> int:
        """Return the number by which this display is added."""
        if display not in self._numbers:
            self._numbers[display] = len(self._displays)
            self._displays.append(display)
        return self._numbers[display]

    def add(self, row: int, column: int, number: int) -> None:
        """Note how a cell is displayed; raises ValueError for a cell that no sheet has."""
        if not 0 <= row < MAX_ROWS or not 0 <= column < 1 << _COLUMN_BITS:
            raise ValueError(f"there is no cell in row {row + 1}, column {column + 1}")
        self.packed.append((row << _COLUMN_BITS | column) << _DISPLAY_BITS | number)

    def add_error(self, row: int, column: int, error: str) -> None:
        """Note that a cell has no value."""
        self.add(row, column, self.number_of(error))
        self.row_count = max(self.row_count, row + 1)

    def rows(self) -> Iterator[tuple[int, list[Mark]]]:
        """Yield the rows that have marks, from the top, each with its columns."""
        displays, last, marks = self._displays, -1, list[Mark]()
        for packed in self._in_order():
            row = packed >> (_COLUMN_BITS + _DISPLAY_BITS)
            if row != last:
                if marks:
                    yield last, marks
                last, marks = row, []
            column = packed >> _DISPLAY_BITS & ((1 << _COLUMN_BITS) - 1)
            marks.append((column, displays[packed & ((1 << _DISPLAY_BITS) - 1)]))
        if marks:
            yield last, marks

    def _in_order(self) -> Sequence[int]:
        packed = self.packed
        if any(map(int.__gt__, packed, packed[1:])):
            self.packed = packed = array("Q", sorted(packed))
        return packed


def marks_of(open_sheet: Callable[[], IO[bytes]], formats: list[NumberFormat | None]) -> Marks:
    """Read the marks of a sheet's cells; raises ValueError for XML that cannot be read."""
    with open_sheet() as sheet:
        marks = _quickly(sheet, formats)
    if marks is None:
        with open_sheet() as sheet:
            return _Scan(formats).read(sheet)
    return marks


def _quickly(sheet: IO[bytes], formats: list[NumberFormat | None]) -> Marks | None:
    """Read the marks of a sheet whose XML is written as most programs do; None where it takes a parser."""
    marks = Marks()
    displays = {str(at).encode(): marks.number_of(one) for at, one in enumerate(formats) if one is not None}
    first = sheet.read(CHUNK_BYTES)
    root = _ROOT.search(first[:_HEAD_BYTES])
    if root is None:
        return None
    search = _Search(root[1] or b"", displays)
    rest = b""
    for chunk in chain([first], iter(lambda: sheet.read(CHUNK_BYTES), b"")):
        piece = rest + chunk
        if _is_suspect(piece) or len(piece) > 2 * CHUNK_BYTES:
            return None
        end = max(piece.rfind(b"</"), 0)
        rest = piece[end:]
        if displays and not search.add(piece[:end], marks):
            return None
    return marks


def _is_suspect(piece: bytes) -> bool:
    """Whether there may be an error, or a formula without a value."""
    if b'"e"' in piece or b"'e'" in piece:
        return True
    return any(character in piece for character in _FORMULA) and _WITHOUT_VALUE.search(piece) is not None


class _Search:
    """Finds the cells that have certain styles, in pieces of XML that do not cut a cell's beginning."""

    def __init__(self, prefix: bytes, displays: dict[bytes, int]) -> None:
        styles = b"|".join(displays) if len(displays) <= _MAX_STYLES else rb"\d+"
        self._displays = displays
        self._columns: dict[bytes, int] = {}
        self._cell = re.compile(rb'<%sc r="([A-Z]+)(\d+)" s="(%s)"' % (prefix, styles))
        self._unusual = re.compile(_UNUSUAL % prefix)

    def add(self, piece: bytes, marks: Marks) -> bool:
        """Add the cells' marks; False where cells are written in another way than most programs do."""
        if self._unusual.search(piece):
            return False
        columns, displays = self._columns, self._displays
        for letters, row, style in self._cell.findall(piece):
            if letters not in columns:
                columns[letters] = column_of(letters.decode()) << _DISPLAY_BITS
            if (display := displays.get(style)) is not None:
                marks.packed.append((int(row) - 1) << (_COLUMN_BITS + _DISPLAY_BITS) | columns[letters] | display)
        return True


class _Scan:
    """A parser of a sheet's XML."""

    def __init__(self, formats: list[NumberFormat | None]) -> None:
        self._marks = Marks()
        self._displays = {str(at): self._marks.number_of(one) for at, one in enumerate(formats) if one is not None}
        self._cell_name = ""
        self._row, self._column = -1, -1
        self._cell: Attributes = {}
        self._value, self._within, self._has_formula = "", False, False
        self._parser = StrictParser(self._first)
        self._parser.handlers.CharacterDataHandler = self._characters
        self._parser.handlers.EndElementHandler = self._end

    def read(self, sheet: IO[bytes]) -> Marks:
        """Parse all of it."""
        for chunk in iter(lambda: sheet.read(CHUNK_BYTES), b""):
            self._parser.feed(chunk)
        self._parser.finish()
        return self._marks

    def _first(self, name: str, _: Attributes) -> None:
        """Take the prefix of the first element, which is that of all others."""
        prefix = name.rpartition("worksheet")[0]
        begin = {"row": self._begin_row, "c": self._begin_cell, "f": self._begin_formula, "v": self._begin_value}
        handlers = {prefix + local: handle for local, handle in begin.items()}
        self._cell_name = f"{prefix}c"

        def start(name: str, attributes: Attributes) -> None:
            if name in handlers:
                handlers[name](attributes)

        self._parser.handlers.StartElementHandler = start

    def _begin_row(self, attributes: Attributes) -> None:
        self._row = _row_number(attributes["r"]) if "r" in attributes else self._row + 1
        self._column = -1

    def _begin_cell(self, attributes: Attributes) -> None:
        """Take a cell; one without a position follows the last one."""
        self._cell, self._value, self._has_formula = attributes, "", False
        if reference := attributes.get("r"):
            letters = reference.rstrip("0123456789")
            self._row, self._column = _row_number(reference[len(letters) :]), column_of(letters)
        else:
            self._column += 1
        if (display := self._displays.get(attributes.get("s", ""))) is not None:
            self._marks.add(self._row, self._column, display)

    def _begin_formula(self, _: Attributes) -> None:
        self._has_formula = True

    def _begin_value(self, _: Attributes) -> None:
        self._within = True

    def _characters(self, data: str) -> None:
        if self._within and len(self._value) < _MAX_ERROR_LENGTH:
            self._value += data

    def _end(self, name: str) -> None:
        self._within = False
        if name == self._cell_name:
            cell_type, value = self._cell.get("t", "n"), self._value.strip()[:_MAX_ERROR_LENGTH]
            if cell_type == "e":
                self._marks.add_error(self._row, self._column, value or _UNKNOWN)
            elif self._has_formula and not value and cell_type in ("n", "b", "d"):
                self._marks.add_error(self._row, self._column, NEVER_CALCULATED)


def _row_number(text: str) -> int:
    if not text.isdecimal() or len(text) > 7 or not 0 < int(text) <= MAX_ROWS:
        raise ValueError(f"there is no row {text[:20]!r}")
    return int(text) - 1
