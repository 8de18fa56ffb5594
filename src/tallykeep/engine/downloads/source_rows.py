"""Rows as they were sent: some of them to be looked at, or all of them as the file they came in."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import IO, Any, LiteralString

from tallykeep.core import exact_json
from tallykeep.core.batch import Batch, Source
from tallykeep.core.errors import ConflictError, DamagedBatchError
from tallykeep.db.connections.pool import Connections
from tallykeep.db.queries import queries
from tallykeep.engine.downloads.spooled import pieces_of, spool
from tallykeep.engine.stored_batches import read_batch
from tallykeep.formats.csv.formulas import COPY_TITLE, spreadsheet_lines
from tallykeep.formats.csv.writer import BYTE_ORDER_MARK, csv_line
from tallykeep.formats.json.elements import ELEMENT_SEPARATOR
from tallykeep.formats.json.ndjson_splitter import LINE_SEPARATOR
from tallykeep.formats.row_reader import raw_rows, read_rows

_sql = queries(__package__, "source_rows.sql")

_BATCHES_AT_A_TIME = 1  # each may be some megabytes

_ShownRows = dict[int, dict[str, Any]]


async def shown_source_rows(
    pool: Connections, project_id: int, action_id: str, source: Source, rows: list[int]
) -> _ShownRows:
    """Return what these rows hold, by number: the `cells` of a file's row; else its `text`, JSON as it came.

    A file's line that cannot be read is `text` too. Rows of a damaged batch are left out, and so are those that are not
    kept any more.
    """
    wanted = {"project_id": project_id, "action_id": action_id, "rows": rows, "last": max(rows, default=0)}
    source_rows: _ShownRows = {}
    async for stored in _stored(pool, _sql.batches_of_rows, wanted):
        try:
            batch = await read_batch(stored)
        except DamagedBatchError:  # the log says so
            continue
        # Finding a few rows among thousands takes milliseconds, which others need not wait for.
        source_rows |= await asyncio.to_thread(_picked, batch, source, set(rows))
    return source_rows


def _picked(batch: Batch, source: Source, wanted: set[int]) -> _ShownRows:
    raw = raw_rows(batch, source)
    numbers = sorted(wanted.intersection(range(batch.first_row, batch.first_row + batch.row_count)))
    return {number: _shown(number, raw[number - batch.first_row], source) for number in numbers}


def _shown(number: int, raw: bytes, source: Source) -> dict[str, Any]:
    if source.format == "csv":
        (row,) = read_rows(Batch(number, 1, raw), source)
        if row.value is not None:
            return {"cells": row.value}
    return {"text": raw.decode("utf-8", "replace").rstrip("\r\n")}


async def as_source_file(pool: Connections, project_id: int, action_id: str, source: Source) -> AsyncIterator[bytes]:
    """Yield all rows of the action, as a body that could start it again: a file with its own header, in UTF-8.

    Raises ConflictError where the rows are not kept any more.
    """
    before, between, after = _around(source)
    yield before
    separator = b""
    wanted = {"project_id": project_id, "action_id": action_id}
    async for batch in _batches(pool, _sql.next_batches, wanted):
        yield separator
        file = await asyncio.to_thread(spool, batch.body)
        del batch  # the reader may be slow
        async for piece in pieces_of(file):
            yield piece
        separator = between
    yield after


async def as_spreadsheet(pool: Connections, project_id: int, action_id: str, source: Source) -> AsyncIterator[bytes]:
    """Yield all rows of a file for a spreadsheet to open: the same cells, of which none is run as a formula.

    A line that cannot be read is a row of one cell. Raises ConflictError where the rows are not kept any more.
    """
    titles = source.file_header or source.header
    yield (BYTE_ORDER_MARK + spreadsheet_lines([[*titles, COPY_TITLE]], source.delimiter)).encode()
    every_column = replace(source, kept=None)
    async for batch in _batches(pool, _sql.next_batches, {"project_id": project_id, "action_id": action_id}):
        file = await asyncio.to_thread(_as_spreadsheet, batch, every_column, len(titles))
        del batch  # the reader may be slow
        async for piece in pieces_of(file):
            yield piece


def _as_spreadsheet(batch: Batch, source: Source, width: int) -> IO[bytes]:
    raw = raw_rows(batch, source)
    cells = (
        [raw[row.number - batch.first_row].decode("utf-8", "replace").rstrip("\r\n")]
        if row.value is None
        else row.value
        for row in read_rows(batch, source)
    )
    return spool(spreadsheet_lines(([*row[:width], "", *row[width:]] for row in cells), source.delimiter).encode())


def _around(source: Source) -> tuple[bytes, bytes, bytes]:
    """Return what stands before, between and behind the batches' bodies."""
    if source.format == "csv":
        header = csv_line(source.file_header or source.header, source.delimiter, quoted=True)
        return (BYTE_ORDER_MARK + header).encode(), b"", b""
    if source.format == "ndjson":
        return b"", LINE_SEPARATOR, LINE_SEPARATOR
    by = source.parameters.get("by")
    if by is None:
        return b"[", ELEMENT_SEPARATOR, b"]"
    metadata = exact_json.dumps(source.parameters["metadata"])
    return b"{" + exact_json.dumps(by) + b":[", ELEMENT_SEPARATOR, b'],"metadata":' + metadata + b"}"


async def _batches(pool: Connections, query: LiteralString, wanted: dict[str, Any]) -> AsyncIterator[Batch]:
    async for stored in _stored(pool, query, wanted):
        yield await read_batch(stored)


async def _stored(pool: Connections, query: LiteralString, wanted: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """Yield the batches in order; between them no connection is held, because who reads this may be slow."""
    after = 0
    while rows := await _next(pool, query, {**wanted, "after": after, "limit": _BATCHES_AT_A_TIME}):
        after = rows[-1]["first_row"]
        while rows:
            yield rows.pop(0)


async def _next(pool: Connections, query: LiteralString, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    async with pool.connection() as connection:
        batches = await (await connection.execute(query, wanted, binary=True)).fetchall()
        # Asked afterwards: what was kept until now was all there just before.
        kept = await (await connection.execute(_sql.are_rows_kept, wanted)).fetchone()
    if not kept or not kept["failures_kept"]:
        raise ConflictError(f"The rows of the action {wanted['action_id']} are not kept any more")
    return batches
