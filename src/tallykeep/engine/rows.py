"""Reading a portion's body back into its rows."""

import csv
import io

import orjson

from tallykeep.engine.split_csv import LineSource, quoted_rows
from tallykeep.engine.split_json import ELEMENT_SEPARATOR, split_elements
from tallykeep.model import Portion, Row, Source


def read_rows(portion: Portion, source: Source) -> list[Row]:
    """The portion's rows in order; one that cannot be read comes with its problem instead of a value.

    A planned portion is a single value that says which resources it means.
    """
    if source.format == "planned":
        return [Row(portion.first_row, orjson.loads(portion.body))]
    rows = _csv_rows(portion, source.delimiter) if source.format == "csv" else _json_rows(portion)
    if len(rows) == portion.row_count:
        return rows
    # Splitting and reading disagree, a defect; still every row is accounted for, and none is written wrongly.
    problem = f"Internal error: {portion.row_count} rows were read as {len(rows)}"
    return [Row(portion.first_row + index, problem=problem) for index in range(portion.row_count)]


def raw_rows(portion: Portion, source: Source) -> list[bytes]:
    """The bytes of each of the portion's rows, as they were sent (in UTF-8); for a file, with the line's end."""
    if source.format != "csv":
        return split_elements(portion.body)
    lines = portion.body.splitlines(keepends=True)
    if portion.row_count == 1:
        return [portion.body]
    if b'"' not in portion.body:
        return lines
    rows, _, _ = quoted_rows(lines, source.delimiter)
    return rows


def split_rows(portion: Portion, source: Source, parts: int) -> list[Portion]:
    """The portion cut into so many smaller ones of about the same number of rows, one row at least in each."""
    rows = raw_rows(portion, source)
    separator = b"" if source.format == "csv" else ELEMENT_SEPARATOR
    size = max(-(-len(rows) // parts), 1)
    return [
        Portion(portion.first_row + start, len(rows[start : start + size]), separator.join(rows[start : start + size]))
        for start in range(0, len(rows), size)
    ]


def _json_rows(portion: Portion) -> list[Row]:
    try:
        values = orjson.loads(b"[" + portion.body + b"]")
    except orjson.JSONDecodeError:
        return [_json_row(number, element)
                for number, element in enumerate(split_elements(portion.body), portion.first_row)]  # fmt: skip
    return [Row(number, value) for number, value in enumerate(values, portion.first_row)]


def _json_row(number: int, element: bytes) -> Row:
    try:
        return Row(number, orjson.loads(element))
    except orjson.JSONDecodeError as error:
        return Row(number, problem=f"the row cannot be kept as JSON: {error}")


def _csv_rows(portion: Portion, delimiter: str) -> list[Row]:
    try:
        text, broken = portion.body.decode(), False
    except UnicodeDecodeError:
        text, broken = portion.body.decode("utf-8", "surrogateescape"), True
    if not broken and '"' not in text:
        plain = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        return [Row(number, cells) for number, cells in enumerate(plain, portion.first_row)]
    source = LineSource(io.StringIO(text, newline=""))
    rows: list[Row] = []
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    for number in range(portion.first_row, portion.first_row + portion.row_count):
        try:
            cells = next(reader)
        except (csv.Error, StopIteration):
            rows.append(Row(number, problem="the quotes in this line do not match up"))
            continue
        if broken and not _is_utf8(cells):
            rows.append(Row(number, problem="the row is not UTF-8; save the file as UTF-8"))
        else:
            rows.append(Row(number, cells))
    return rows


def _is_utf8(cells: list[str]) -> bool:
    try:
        "".join(cells).encode()
    except UnicodeEncodeError:
        return False
    return True
