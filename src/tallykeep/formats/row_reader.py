"""Reading a batch's body back into its rows."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from operator import itemgetter

from tallykeep.core import exact_json
from tallykeep.core.batch import Batch, Source
from tallykeep.core.rows import Row, Table
from tallykeep.formats.csv.quotes import SEPARATOR, without_quotes
from tallykeep.formats.csv.records import records_in
from tallykeep.formats.csv.spreadsheet_errors import has_marks, unmarked
from tallykeep.formats.csv.titles import wrong_width
from tallykeep.formats.json.elements import ELEMENT_SEPARATOR, split_elements
from tallykeep.formats.json.ndjson_splitter import LINE_SEPARATOR
from tallykeep.formats.json.unread_rows import UnreadRows

SEPARATORS = {"csv": b"", "json": ELEMENT_SEPARATOR, "ndjson": LINE_SEPARATOR}
_LINE_END = re.compile(rb"\r\n?|\n")
_UNMATCHED = "the quotes in this line do not match up"


def read_rows(batch: Batch, source: Source) -> Sequence[Row]:
    """Read the batch's rows in order, as a Table where it is that regular; a row that cannot be read has its problem.

    A planned batch is a single value that says which resources it means.
    """
    if source.format == "planned":
        return [Row(batch.first_row, exact_json.loads(batch.body))]
    rows = _rows(batch, source)
    if len(rows) == batch.row_count:
        return rows
    # Splitting and reading disagree, a defect; still every row is accounted for, and none is written wrongly.
    problem = f"Internal error: {batch.row_count} rows were read as {len(rows)}"
    return [Row(batch.first_row + index, problem=problem) for index in range(batch.row_count)]


def _rows(batch: Batch, source: Source) -> Sequence[Row]:
    if source.format == "csv":
        if (table := _table(batch, source)) is not None:
            return table
        rows = _csv_rows(batch, source.delimiter)
        if has_marks(batch.body):
            for row in rows:
                row.value = None if row.value is None else unmarked(row.value)
        return rows if source.kept is None else _narrowed(rows, source.kept, source.width)
    numbers = range(batch.first_row, batch.first_row + batch.row_count)
    if source.format == "ndjson":
        return UnreadRows(numbers, b"", batch.body.split(LINE_SEPARATOR))
    return UnreadRows(numbers, batch.body)


def raw_rows(batch: Batch, source: Source) -> list[bytes]:
    """Return the bytes of each of the batch's rows, as they were sent (in UTF-8); for a file, with the line's end."""
    if source.format == "ndjson":
        return batch.body.split(LINE_SEPARATOR)
    if source.format != "csv":
        return split_elements(batch.body)
    if batch.row_count == 1:
        return [batch.body]
    rows: list[bytes] = []
    for piece, is_broken in _pieces(batch):
        if is_broken:
            rows.append(piece)
        elif b'"' in piece:
            rows += records_in(piece, source.delimiter)
        else:
            rows += piece.splitlines(keepends=True)
    return rows


def _pieces(batch: Batch) -> Iterator[tuple[bytes, bool]]:
    """Yield a file's rows: each line that is broken, which is True of it, and what is between, which is not."""
    body, at = batch.body, 0
    for start in batch.broken or ():
        if start > at:
            yield body[at:start], False
        line_end = _LINE_END.search(body, start)
        at = line_end.end() if line_end else len(body)
        yield body[start:at], True
    if at < len(body):
        yield body[at:], False


def first_rows(batch: Batch, rows: list[bytes]) -> Batch:
    """Return the batch of a file with only these rows, which are its first."""
    body = b"".join(rows)
    broken = [offset for offset in batch.broken or () if offset < len(body)]
    return Batch(batch.first_row, len(rows), body, batch.lines, broken or None)


def split_rows(batch: Batch, source: Source, parts: int) -> list[Batch]:
    """Cut the batch into so many smaller ones of about the same number of rows, one row at least in each."""
    rows = raw_rows(batch, source)
    separator = SEPARATORS[source.format]
    size = max(-(-len(rows) // parts), 1)
    cut: list[Batch] = []
    start = 0
    for index in range(0, len(rows), size):
        body = separator.join(rows[index : index + size])
        broken = [at - start for at in batch.broken or () if start <= at < start + len(body)]
        count = len(rows[index : index + size])
        cut.append(Batch(batch.first_row + index, count, body, batch.lines, broken or None))
        start += len(body)
    return cut


def _table(batch: Batch, source: Source) -> Table | None:
    """Return rows that need no parser; None where quotes may say more than what is one cell, or a width is another."""
    if batch.broken or has_marks(batch.body):
        return None
    is_quoted = b'"' in batch.body
    body = without_quotes(batch.body, source.delimiter) if is_quoted else batch.body
    if body is None:
        return None
    try:
        text = (body.replace(b"\r\n", b"\n") if b"\r" in body else body).decode()
    except UnicodeDecodeError:
        return None
    lines = text.split("\n")
    delimiter = SEPARATOR if is_quoted else source.delimiter
    width = len(source.header) if source.kept is None else source.width
    if "\r" in text or lines.pop() or {line.count(delimiter) for line in lines} != {width - 1}:
        return None
    numbers = range(batch.first_row, batch.first_row + len(lines))
    return Table(numbers, lines, delimiter=delimiter, width=width, kept=source.kept or range(width))


def _csv_rows(batch: Batch, delimiter: str) -> list[Row]:
    rows: list[Row] = []
    for piece, is_broken in _pieces(batch):
        number = batch.first_row + len(rows)
        if is_broken:
            rows.append(Row(number, problem=_UNMATCHED))
        else:
            rows += _parsed(piece, number, delimiter)
    return rows


def _parsed(body: bytes, number: int, delimiter: str) -> list[Row]:
    """Parse rows whose quotes match up; in batches of older versions they may not, which shows here."""
    try:
        text, broken = body.decode(), False
    except UnicodeDecodeError:
        text, broken = body.decode("utf-8", "surrogateescape"), True
    if not broken:
        with suppress(csv.Error):
            reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict='"' in text)
            return [Row(at, cells) for at, cells in enumerate(reader, number)]
    rows: list[Row] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return rows
        except csv.Error:
            rows.append(Row(number + len(rows), problem=_UNMATCHED))
            continue
        if broken and not _is_utf8(cells):
            rows.append(Row(number + len(rows), problem="the row is not UTF-8; save the file as UTF-8"))
        else:
            rows.append(Row(number + len(rows), cells))


def _narrowed(rows: list[Row], kept: list[int], width: int) -> list[Row]:
    """Keep only the kept cells of the rows."""
    pick = itemgetter(*kept)
    for row in rows:
        if row.value is not None:
            cells, surplus = row.value[:width], row.value[width:]
            cells += [""] * (width - len(cells))
            row.value = list(pick(cells)) if len(kept) > 1 else [pick(cells)]
            if any(cell.strip() for cell in surplus):
                row.problem = wrong_width(width + len(surplus), width)
                row.value += surplus
    return rows


def _is_utf8(cells: list[str]) -> bool:
    try:
        "".join(cells).encode()
    except UnicodeEncodeError:
        return False
    return True
