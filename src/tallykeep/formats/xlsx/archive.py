"""The parts of a workbook's archive that decide how its cells look: its sheets' XML, and its number formats.

Formats that spreadsheet programs know by number are those of ECMA-376, 18.8.30. Of currencies they are without the
sign, because each country's program shows its own.
"""

import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import IO
from xml.parsers import expat

from tallykeep.formats.xlsx.number_format import NumberFormat

CHUNK_BYTES = 1 << 18
MAX_ROWS = 1 << 20  # of a sheet
_LARGEST_PART = 32 << 20  # of those read as a whole; 65,000 styles, as many as there may be, take 20 MiB
_MAX_TAG_LENGTH = 8 << 20  # the parser looks at a tag anew with each piece of it
_MAX_FORMATS = 1_000  # a spreadsheet program has some 250
_HEAD_BYTES = 4_096
_DIMENSION = re.compile(rb"<(?:\w+:)?dimension\s[^<>]*ref=[\"']([A-Z]+)(\d+)(?::([A-Z]+)(\d+))?[\"']")

_KNOWN_BY_NUMBER = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: "#,##0_);(#,##0)", 6: "#,##0_);[Red](#,##0)",
    7: "#,##0.00_);(#,##0.00)", 8: "#,##0.00_);[Red](#,##0.00)", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?",
    13: "# ??/??", 37: "#,##0_);(#,##0)", 38: "#,##0_);[Red](#,##0)", 39: "#,##0.00_);(#,##0.00)",
    40: "#,##0.00_);[Red](#,##0.00)", 41: '_(* #,##0_);_(* (#,##0);_(* "-"_);_(@_)',
    42: '_(* #,##0_);_(* (#,##0);_(* "-"_);_(@_)', 43: '_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)',
    44: '_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)', 48: "##0.0E+0", 49: "@", 59: "0", 60: "0.00", 61: "#,##0",
    62: "#,##0.00", 67: "0%", 68: "0.00%", 69: "# ?/?", 70: "# ??/??",
}  # fmt: skip

Attributes = dict[str, str]


class Parts:
    """A workbook's archive."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._entries = {entry.filename.replace("\\", "/").lower(): entry for entry in archive.infolist()}
        self._paths: dict[str, str] | None = None

    def open_sheet(self, name: str) -> IO[bytes]:
        """Open the XML of a sheet; raises ValueError where it is missing."""
        if self._paths is None:
            self._paths = self._sheet_paths()
        if name not in self._paths:
            raise ValueError(f"the sheet {name!r} is missing")
        return self._open(self._paths[name])

    def _open(self, path: str) -> IO[bytes]:
        entry = self._entries.get(path.lower())
        if entry is None:
            raise ValueError(f"{path} is missing")
        return self._archive.open(entry)

    def _sheet_paths(self) -> dict[str, str]:
        targets = {
            attributes.get("Id", ""): _path_of(attributes.get("Target", ""))
            for name, attributes in self._elements("xl/_rels/workbook.xml.rels")
            if name == "Relationship"
        }
        sheets = [
            (attributes.get("name", ""), targets.get(_local(attributes, "id"), ""))
            for name, attributes in self._elements("xl/workbook.xml")
            if name == "sheet"
        ]
        if any(len(set(each)) < len(sheets) for each in zip(*sheets, strict=True)):
            raise ValueError("two of its sheets are the same")
        return dict(sheets)

    def dimension(self, name: str) -> tuple[int, int]:
        """Return how many rows and columns a sheet says that it has; none where it does not say it."""
        with self.open_sheet(name) as sheet:
            match = _DIMENSION.search(sheet.read(_HEAD_BYTES))
        if match is None:
            return 0, 0
        left, top, right, bottom = (match[1], match[2], match[3] or match[1], match[4] or match[2])
        return int(bottom) - int(top) + 1, column_of(right.decode()) - column_of(left.decode()) + 1

    def formats(self) -> list[NumberFormat | None]:
        """Read the number format of each style of cells; None where it leaves a number as it is, and for dates.

        Raises ValueError for too many.
        """
        if "xl/styles.xml" not in self._entries:
            return []
        codes, styles, within = dict(_KNOWN_BY_NUMBER), [], False
        for name, attributes in self._elements("xl/styles.xml"):
            if name == "numFmt":
                with suppress(ValueError):
                    codes[int(attributes.get("numFmtId", ""))] = attributes.get("formatCode", "")
            elif name in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
                within = name == "cellXfs"
            elif name == "xf" and within:
                styles.append(attributes.get("numFmtId", "0"))
        if len(set(styles)) > _MAX_FORMATS:
            raise ValueError(f"it has {len(set(styles))} number formats; at most {_MAX_FORMATS} are possible")
        known = {number: _changing(codes.get(int(number), "") if number.isdecimal() else "") for number in set(styles)}
        return [known[number] for number in styles]

    def _elements(self, path: str) -> Iterator[tuple[str, Attributes]]:
        """Yield the elements of a part in the order of their start tags, without their prefixes."""
        elements: list[tuple[str, Attributes]] = []
        parser = StrictParser(lambda name, attributes: elements.append((name.rpartition(":")[2], attributes)))
        with self._open(path) as part:
            if self._entries[path].file_size > _LARGEST_PART:
                raise ValueError(f"{path} is larger than {_LARGEST_PART} bytes")
            for chunk in iter(lambda: part.read(CHUNK_BYTES), b""):
                parser.feed(chunk)
                yield from elements
                elements.clear()
            parser.finish()


def _path_of(target: str) -> str:
    return posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")


def _local(attributes: Attributes, name: str) -> str:
    return next((value for key, value in attributes.items() if key.rpartition(":")[2] == name), "")


def _changing(code: str) -> NumberFormat | None:
    known = NumberFormat(code)
    return known if known.changes_numbers or known.changes_text else None


class StrictParser:
    """A parser of XML that takes no document type, and so no entities, and no endless tags; it raises ValueError."""

    def __init__(self, start: Callable[[str, Attributes], object]) -> None:
        self._fed = 0
        self.handlers = expat.ParserCreate()
        self.handlers.StartElementHandler = start
        self.handlers.StartDoctypeDeclHandler = _refuse_doctype

    def feed(self, chunk: bytes) -> None:
        """Parse the next bytes. Raises ValueError for XML that is malformed or too long."""
        self._parse(chunk, final=False)
        self._fed += len(chunk)
        if self._fed - self.handlers.CurrentByteIndex > _MAX_TAG_LENGTH:
            raise ValueError(f"its XML has a tag of more than {_MAX_TAG_LENGTH} bytes")

    def finish(self) -> None:
        """End of input."""
        self._parse(b"", final=True)

    def _parse(self, chunk: bytes, *, final: bool) -> None:
        try:
            self.handlers.Parse(chunk, final)
        except expat.ExpatError as error:
            raise ValueError(f"its XML is broken ({error})") from None


def _refuse_doctype(*_: object) -> None:
    raise ValueError("it holds a document type")


def column_of(letters: str) -> int:
    """Return a column's number, from 0, by its letters; raises ValueError beyond XFD, the last."""
    number = 0
    for letter in letters[:4].upper():
        number = number * 26 + ord(letter) - 64
    if not letters.isascii() or not letters.isalpha() or number > 16_384:
        raise ValueError(f"there is no column {letters[:20]!r}")
    return number - 1
