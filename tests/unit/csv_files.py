"""Random CSV files of cells that need care, metadata schemas for them, and what PostgreSQL would hold of a cell."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from json import loads
from typing import Any

import pytest
from hypothesis import strategies as st

from tallykeep.core import exact_json
from tallykeep.core import rows as core_rows
from tallykeep.core.batch import Batch, Source
from tallykeep.core.rows import Row
from tallykeep.db.copy_format import NULL
from tallykeep.formats.row_reader import read_rows
from tallykeep.resources.metadata.checker import MetadataChecker, MetadataSchema
from tallykeep.resources.vouchers.draft import DEFAULT

NUMBERS = [
    "0", "1", "5.0", "7.50", "12.34", "0.75", "00.5", "1234567.89", "1.250", "1,250", "12,5", "12,50",
    "1.250,00", "15 %", "25 €", "$12.50", "-3", "+4", "1e3", ".5", "5.", "999999999999999", "9007199254740993",
    "123456789012.99", "100", "100.5", "33.3", "12.30", "two", "١٢", "1\u00a0250,00", "12.345",
]  # fmt: skip
DATES = [
    "2026-01-31", "2026-02-30", "2026-12-31T23:59:59Z", "2026-12-31T23:59:59.999Z", "2026-12-31T24:00:00Z",
    "0000-01-01", "2024-02-29T00:00:00Z", "2026-02-29T00:00:00.000Z", "2026-06-01T12:00:00+02:00", "31.12.2026",
    "01/02/2026", "2026-06-01T12:00", "2026-06-01 12:00:00Z", "2026-W01-1T10:10:10Z", "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-01:00", "2026-13-01T00:00:00Z", "2026-01-01T10:60:00Z", "20260101T000000Z",
    "2025-01-01",
]  # fmt: skip
TEXTS = [
    "x", "a note", 'say "hi"', "back\\slash", "tab\there", "two\nlines", "a,b;c", "ünïcödé", "null", "NULL",
    " padded ", "\x01", "\x7f", "\u200b", "nul\0", "{}", "#N/A", "'", "1", "true",
]  # fmt: skip
SCHEMAS = [
    MetadataChecker(None),
    MetadataChecker(
        MetadataSchema(
            {
                "Region": {"type": "string", "min_length": 2, "ne": ["a note"]},
                "Size": {"type": "number", "lt": 1000, "gte": 0},
                "Opened": {"type": "date"},
                "Tags": {"type": "string", "array": True},
                "Shape": {"type": "object"},
            }
        )
    ),
    MetadataChecker(MetadataSchema({"Region": {"type": "string", "optional": False}, "Size": {"type": "number"}})),
    MetadataChecker(MetadataSchema({"Size": {"type": "number", "optional": False}}, allow_defined_only=True)),
    MetadataChecker(MetadataSchema({"Size": {"type": "number"}}, allow_defined_only=True)),
    # Every constraint that there is.
    MetadataChecker(
        MetadataSchema(
            {
                "Elsewhere": {"type": "string", "optional": False},
                "Tags": {"type": "string", "array": True, "optional": False, "max_length": 1},
                "Region": {"type": "string", "optional": False, "eq": ["x", "'", "a note"], "exact_length": 1},
                "Size": {"type": "number", "gt": 1, "lte": 100, "ne": [5]},
                "Opened": {"type": "datetime", "optional": False},
                "Shape": {"type": "object", "object_type": "shape"},
                "Link": {"type": "image_url"},
                "Place": {"type": "geopoint", "optional": False},
                "Checked": {"type": "boolean"},
            },
            allow_defined_only=True,
            nested={"shape": MetadataSchema({"a": {"type": "number", "optional": False}}, allow_defined_only=True)},
        )
    ),
    MetadataChecker(
        MetadataSchema(
            {
                "Region": {"type": "string", "min_length": 1, "max_length": 6},
                "Size": {"type": "number", "eq": [1, 12.5, 5], "lt": 12},
                "Opened": {"type": "date", "optional": False},
                "Checked": {"type": "boolean", "optional": False},
                "Place": {"type": "geopoint"},
                "Sizes": {"type": "number", "array": True, "lt": 7},
            }
        )
    ),
]
MAX_ROWS = 12


def _body(header: list[str], rows: list[list[str]]) -> bytes:
    def written(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"' if re.search(r'[",\n\r]', cell) else cell

    return "".join(",".join(map(written, cells)) + "\n" for cells in rows).encode()


def rows_of(draw: Any, header: list[str], pools: Mapping[str, list[str]]) -> list[list[str]]:
    """Draw rows of these columns, each of which has one usual cell and some from its pool."""
    rows, one_in = draw(st.integers(1, MAX_ROWS)), draw(st.sampled_from([1, 2, 5, 5]))
    columns = [_column(draw, title, rows, one_in, pools) for title in header]
    return list(map(list, zip(*columns, strict=True)))


def _column(draw: Any, title: str, rows: int, one_in: int, pools: Mapping[str, list[str]]) -> list[str]:
    usual = draw(st.sampled_from([*pools[title], ""]))
    cell = st.sampled_from([*pools[title], "", " "])
    cells = [draw(cell) if draw(st.integers(1, one_in)) == 1 else usual for _ in range(rows)]
    return [f"{text}{at}" if text == "CODE" else text for at, text in enumerate(cells)]


@contextmanager
def blocks_of(cells: int) -> Iterator[None]:
    """Read so many cells at a time: few, and rows are the first or the last of their block."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(core_rows, "_BLOCK_CELLS", cells)
        yield


BLOCKS = st.sampled_from([1, 12, 40, 8_000])


def read_file(header: list[str], rows: list[list[str]]) -> Sequence[Row]:
    """Return the rows of the file as the engine reads them."""
    body = _body(header, rows)
    return read_rows(Batch(1, len(rows), body), Source("csv", header=header, delimiter=","))


def stored_value(name: str, text: str, json_columns: Collection[str]) -> str:
    """Return what PostgreSQL would hold; two texts of one value may differ in the order of an object's members."""
    if text in (NULL, DEFAULT) or name not in json_columns:
        return text
    unescaped = re.sub(r"\\([\\tnr])", lambda match: {"\\": "\\", "t": "\t", "n": "\n", "r": "\r"}[match[1]], text)
    return repr(_sorted(loads(unescaped, parse_float=Decimal)))


def as_json(value: Any) -> str:
    """Return `stored_value` of a value that is still to be written."""
    return repr(_sorted(loads(exact_json.dumps(value), parse_float=Decimal)))


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return sorted((name, _sorted(part)) for name, part in value.items())
    return list(map(_sorted, value)) if isinstance(value, list) else value
