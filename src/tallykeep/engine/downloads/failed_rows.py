"""Failed rows as they were sent: to be looked at, fixed and sent again.

A batch may have thousands of them, so they are read and written beside the event loop.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from tallykeep.core import exact_json
from tallykeep.core.batch import Source
from tallykeep.core.errors import ConflictError
from tallykeep.db.connections.pool import Connections
from tallykeep.db.queries import queries
from tallykeep.engine.downloads.spooled import pieces_of, spool
from tallykeep.engine.file_rules.column_mapping import OURS
from tallykeep.engine.stored_batches import batch_of
from tallykeep.formats.csv.formulas import copy_titles
from tallykeep.formats.csv.writer import BYTE_ORDER_MARK, CsvLines, csv_line, csv_lines
from tallykeep.formats.row_reader import raw_rows, read_rows

_sql = queries(__package__, "failed_rows.sql")

Args = ParamSpec("Args")
Done = TypeVar("Done")

_BATCHES_AT_A_TIME = 1  # each may be some megabytes
_IN_THE_MAKING = 2
_semaphores: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()
# One batch at a time: several would hold many objects each, and take the interpreter's lock in turns.
_beside_the_loop = ThreadPoolExecutor(1, "failed rows")
_UNREADABLE = "the line stands in the first cell as it was sent; fix it, and remove this cell"


@dataclass(frozen=True, slots=True)
class FailedRow:
    """One row: its number, the reason it failed (None: unprocessed), its bytes, and what they hold if readable.

    `line` is where in its file it began, where it has a line.
    """

    number: int
    line: int | None
    reason: str | None
    raw: bytes
    value: Any


FailedRows = AsyncIterator[list[FailedRow]]


async def failed_rows(
    pool: Connections, project_id: int, action_id: str, source: Source, *, unprocessed: bool = False
) -> FailedRows:
    """Yield the action's failed rows in order, a batch at a time; with `unprocessed`, those without any outcome too.

    Between batches no connection is held: who reads this may be slow. Raises ConflictError where the rows are removed
    for their age meanwhile.
    """
    wanted = {"project_id": project_id, "action_id": action_id, "unprocessed": unprocessed}
    after = 0
    while batches := await _next_batches(pool, {**wanted, "after": after}):
        after = batches[-1]["first_row"]
        while batches:
            yield await _aside(_picked, batches.pop(0), source, unprocessed=unprocessed)


async def _next_batches(pool: Connections, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    async with pool.connection() as connection:
        cursor = await connection.execute(
            _sql.batches_with_failures, wanted | {"limit": _BATCHES_AT_A_TIME}, binary=True
        )
        batches = await cursor.fetchall()
        # Asked afterwards: what was kept until now was all there just before.
        kept = await (await connection.execute(_sql.are_rows_kept, wanted)).fetchone()
    if not kept or not kept["failures_kept"]:
        raise ConflictError(f"The failed rows of the action {wanted['action_id']} are not kept any more")
    return batches


def _picked(held: dict[str, Any], source: Source, *, unprocessed: bool) -> list[FailedRow]:
    batch = batch_of(held)
    reasons: dict[int, str | None] = dict(held["failures"])
    if unprocessed:
        first = batch.first_row + batch.row_count - held["unprocessed_count"]
        for row in range(first, batch.first_row + batch.row_count):
            reasons.setdefault(row, None)
    raw = raw_rows(batch, source)
    picked = (row for row in read_rows(batch, source) if row.number in reasons)
    return [
        FailedRow(number, batch.line_of(number), reasons[number], raw[number - batch.first_row], row.value)
        for row in picked
        for number in (row.number,)
    ]


async def _aside(work: Callable[Args, Done], *args: Args.args, **kwargs: Args.kwargs) -> Done:
    return await asyncio.get_running_loop().run_in_executor(_beside_the_loop, partial(work, *args, **kwargs))


async def _written(batches: FailedRows, write: Callable[[list[FailedRow]], str | bytes]) -> AsyncIterator[bytes]:
    while (file := await _next_file(batches, write)) is not None:
        async for piece in pieces_of(file):
            yield piece


async def _next_file(batches: FailedRows, write: Callable[[list[FailedRow]], str | bytes]) -> IO[bytes] | None:
    async with _making():
        rows = await anext(batches, None)
        return None if rows is None else await _aside(_spooled, rows, write)


def _spooled(rows: list[FailedRow], write: Callable[[list[FailedRow]], str | bytes]) -> IO[bytes]:
    text = write(rows)
    return spool(text if isinstance(text, bytes) else text.encode())


def _making() -> asyncio.Semaphore:
    """Return what lets few downloads at a time hold rows as objects, which take many times what is sent of them."""
    return _semaphores.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(_IN_THE_MAKING))


async def as_csv(rows: Callable[[], FailedRows], source: Source, write: CsvLines = csv_lines) -> AsyncIterator[bytes]:
    """Yield a file of these rows, with their numbers, lines and reasons in three more columns.

    What came as a file has its own columns and can be imported again as it is: the three columns are recognised then. A
    row that cannot be read, or has more cells than the header, keeps cells behind these three, and so fails again until
    it is fixed. What came as JSON gets a column for each property that occurs, and is therefore gone through twice.
    """
    is_file = source.format == "csv"
    titles = source.header if is_file else await _properties(rows())
    marks = copy_titles(write)
    # Quoted throughout, so that it shows the delimiter whatever its titles hold.
    yield (BYTE_ORDER_MARK + write([[*titles, *OURS, *marks]], source.delimiter, quoted=True)).encode()
    lines = partial(write, delimiter=source.delimiter)
    written = partial(_csv_of, titles=titles, behind=[""] * len(marks), write=lines, is_file=is_file)
    async for piece in _written(rows(), written):
        yield piece


def _csv_of(rows: list[FailedRow], *, titles: list[str], behind: list[str], write: CsvLines, is_file: bool) -> str:
    lines = [_as_cells(row, len(titles)) if is_file else _values(row, titles) for row in rows]
    rows_with_reasons = (
        [*cells[: len(titles)], *_about(row), *behind, *cells[len(titles) :]]
        for row, cells in zip(rows, lines, strict=True)
    )
    return write(rows_with_reasons)


def _about(row: FailedRow) -> tuple[int, int | str, str]:
    return row.number, "" if row.line is None else row.line, row.reason or ""


async def _properties(rows: FailedRows) -> list[str]:
    names: dict[str, None] = {}
    async for batch in rows:
        names |= await _aside(_names_in, batch)
    return list(names)


def _names_in(rows: list[FailedRow]) -> dict[str, None]:
    return {name: None for row in rows for name in _properties_of(row)}


def _as_cells(row: FailedRow, width: int) -> list[str]:
    cells = _cells(row)
    padded = cells + [""] * (width - len(cells))
    return padded if row.value is not None else [*padded, _UNREADABLE]


def _values(row: FailedRow, names: list[str]) -> list[str]:
    held = _properties_of(row)
    return [held.get(name, "") for name in names]


async def as_ndjson(batches: FailedRows, source: Source) -> AsyncIterator[bytes]:
    """Yield these rows as JSON, one a line, as they were sent; a file's rows as objects of its cells by title."""
    async for piece in _written(batches, partial(_ndjson_of, source=source)):
        yield piece


def _ndjson_of(rows: list[FailedRow], source: Source) -> bytes:
    if source.format == "csv":
        return b"".join(exact_json.dumps(dict(zip(source.header, _cells(row), strict=False))) + b"\n" for row in rows)
    return b"".join(b" ".join(row.raw.splitlines()) + b"\n" for row in rows)


async def as_source_rows(batches: FailedRows, source: Source) -> AsyncIterator[bytes]:
    """Yield these rows as a body that starts an action of the same type."""
    if source.format == "csv":
        yield csv_line(source.header, source.delimiter, quoted=True).encode()
        async for rows in batches:
            yield await _aside(_lines_of, rows, source)
        return
    if source.format == "ndjson":
        async for rows in batches:
            yield b"".join(row.raw + b"\n" for row in rows)
        return
    by = source.parameters.get("by")
    yield b"{" + exact_json.dumps(by) + b":[" if by else b"["
    separator = b""
    async for rows in batches:
        if rows:
            yield separator + b",\n".join(row.raw for row in rows)
            separator = b",\n"
    yield b'],"metadata":' + exact_json.dumps(source.parameters["metadata"]) + b"}" if by else b"]"


def _lines_of(rows: list[FailedRow], source: Source) -> bytes:
    return b"".join(_as_line(row, source) for row in rows)


def _as_line(row: FailedRow, source: Source) -> bytes:
    return row.raw if row.value is None else csv_line(row.value, source.delimiter).encode()


def _cells(row: FailedRow) -> list[str]:
    """Return the row's cells; where its quotes do not match up, the line as the only one."""
    if isinstance(row.value, list):
        return row.value
    return [row.raw.decode("utf-8", "replace").rstrip("\r\n")]


def _properties_of(row: FailedRow) -> dict[str, str]:
    """Return a JSON row's properties as cells.

    What is no object is one `value`, by the letter where it cannot be read.
    """
    with suppress(exact_json.EncodeError):
        if isinstance(row.value, dict):
            return {name: _text(value) for name, value in row.value.items()}
        if row.value is not None:
            return {"value": _text(row.value)}
    return {"value": row.raw.decode("utf-8", "replace")}


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return exact_json.dumps(value).decode()
