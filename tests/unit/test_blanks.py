"""Blanks that are no rows: a little of them, or as much as there are rows, is passed; a small file that expands to them
is refused.
"""

from collections.abc import Callable, Iterator
from unittest.mock import patch

import pytest

from tallykeep.core.errors import InvalidPayloadError
from tallykeep.engine.intake.open_upload import Splitter
from tallykeep.formats import batch_cutter as batches
from tallykeep.formats.csv.splitter import CsvSplitter
from tallykeep.formats.json.array_splitter import JsonSplitter
from tallykeep.formats.json.ids_splitter import IdsSplitter
from tallykeep.formats.json.ndjson_splitter import LinesSplitter

_MAX = 100_000
_SIZES = {"batch_rows": 100, "batch_bytes": 1 << 20, "max_row_bytes": 50_000}
_ROW = b'{"code":"' + b"A" * 980 + b'"}'
_CSV_ROW = b"A" * 900 + b",1\n"

# A splitter, what comes in front of its rows, a row, what stands between rows, blanks, and the end.
FORMATS: dict[str, tuple[Callable[[], Splitter], bytes, bytes, bytes, bytes, bytes]] = {
    "csv: empty lines": (lambda: CsvSplitter(**_SIZES), b"Code,Value\n", _CSV_ROW, b"", b"\n" * 1_000, b""),
    "csv: lines of blanks": (lambda: CsvSplitter(**_SIZES), b"Code,Value\n", _CSV_ROW, b"", b" " * 999 + b"\n", b""),
    "csv: separators": (lambda: CsvSplitter(**_SIZES), b"Code,Value\n", _CSV_ROW, b"", b",\n" * 500, b""),
    "ndjson": (lambda: LinesSplitter(**_SIZES), b"", _ROW, b"\n", b"\n" * 1_000, b""),
    "ndjson: blanks": (lambda: LinesSplitter(**_SIZES), b"", _ROW, b"\n", b" " * 999 + b"\n", b""),
    "array": (lambda: JsonSplitter(**_SIZES), b"[", _ROW, b",", b" " * 1_000, b"]"),
    "array: lines": (lambda: JsonSplitter(**_SIZES), b"[", _ROW, b",", b"\n" * 1_000, b"]"),
    "ids": (lambda: IdsSplitter(("codes",), **_SIZES), b'{"codes":[', b'"' + b"A" * 990 + b'"', b",", b" " * 1_000,
            b'],"metadata":{"a":1}}'),
}  # fmt: skip


def _fed(name: str, rows: int, blanks: int) -> int:
    """How many rows are found where so many blanks, a thousand bytes each, come before the last row."""
    make, front, row, between, blank, end = FORMATS[name]
    splitter = make()

    def chunks() -> Iterator[bytes]:
        yield front
        for _ in range(rows - 1):
            yield row + between
        for _ in range(blanks):
            yield blank
        yield row + end

    batches = [batch for chunk in chunks() for batch in splitter.feed(chunk)]
    batches += splitter.finish()
    return sum(batch.row_count for batch in batches)


@pytest.mark.parametrize("name", FORMATS)
def test_many_blanks_are_refused_where_there_are_fewer_rows(name: str) -> None:
    with patch.object(batches, "_MAX_BLANK_BYTES", _MAX):
        assert _fed(name, rows=2, blanks=90) == 2
        assert _fed(name, rows=200, blanks=150) == 200
        with pytest.raises(InvalidPayloadError, match="blank lines"):
            _fed(name, rows=2, blanks=200)
        with pytest.raises(InvalidPayloadError, match="before row 200 together"):
            _fed(name, rows=200, blanks=400)
