"""A whole list as a file that can be imported again: read in parts, between which no connection is held."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, LiteralString

from psycopg import sql

from tallykeep.core import exact_json
from tallykeep.core.errors import ConflictError
from tallykeep.db.connections.fetching import fetch_within
from tallykeep.db.connections.pool import Connection, Connections
from tallykeep.db.queries import queries
from tallykeep.formats.csv.formulas import copy_titles
from tallykeep.formats.csv.writer import BYTE_ORDER_MARK, CsvLines, csv_lines, header_line
from tallykeep.resources.fields import numerals
from tallykeep.resources.fields.array_cells import may_be_array
from tallykeep.resources.fields.plain_texts import CLEARING
from tallykeep.resources.lists.page import MAX_PAGE_BYTES
from tallykeep.resources.lists.query_string import Selection
from tallykeep.resources.lists.spec import ListSpec

_sql = queries(__package__, "page.sql")

_ROWS_A_PART, _SCANNED_ROWS = 250, 20_000
MAX_METADATA_COLUMNS = 1_000

Shown = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """How a list becomes a file: what shows its rows in wire format, and what makes a cell of that for each title."""

    list_spec: ListSpec
    show: Callable[[Connection, int, list[dict[str, Any]]], Awaitable[list[Shown]]]
    columns: Mapping[str, Callable[[Shown], Any]]


async def file_lines(
    pool: Connections, export: Export, project_id: int, selection: Selection, write: CsvLines = csv_lines
) -> AsyncIterator[str]:
    """Yield the file's lines, some at a time: the columns of imports, then one for each metadata key that occurs.

    The rows are gone through twice, because the header comes first; both times up to the newest one that was there at
    the beginning. Raises ConflictError before the first line where there are too many keys. A key that is new by the
    second time is left out.
    """
    last = await _newest(pool, export.list_spec, project_id)
    keys = await _metadata_keys(pool, export.list_spec, project_id, selection, last)
    yield BYTE_ORDER_MARK + header_line([*export.columns, *keys, *copy_titles(write)], write=write)
    bounds = {"project_id": project_id, "limit": _ROWS_A_PART, "after": "", "last": last}
    parameters: dict[str, Any] = {**selection.parameters, **bounds}
    while True:
        async with pool.connection() as connection:
            part = _part(_sql.part, export.list_spec, selection)
            rows, _ = await fetch_within(connection, part, parameters, MAX_PAGE_BYTES)
            shown = await export.show(connection, project_id, rows)
        if not rows:
            return
        parameters["after"] = rows[-1]["id"]
        yield await asyncio.to_thread(_lines, export, shown, keys, write)


async def _newest(pool: Connections, list_spec: ListSpec, project_id: int) -> str:
    """Return the highest id of all resources there are, empty where there is none."""
    newest = sql.SQL(_sql.newest).format(matching=sql.SQL(list_spec.matching))
    async with pool.connection() as connection:
        row = await (await connection.execute(newest, {"project_id": project_id})).fetchone()
    return row["id"] if row else ""


async def _metadata_keys(
    pool: Connections, list_spec: ListSpec, project_id: int, selection: Selection, last: str
) -> list[str]:
    """Return the metadata keys that occur up to this id, sorted.

    Raises ConflictError where the keys are too many for one file.
    """
    keys: set[str] = set()
    bounds = {"project_id": project_id, "limit": _SCANNED_ROWS, "after": "", "last": last}
    parameters = {**selection.parameters, **bounds}
    query = _part(_sql.metadata_keys_of_part, list_spec, selection)
    while True:
        async with pool.connection() as connection:
            part = await (await connection.execute(query, parameters)).fetchone()
        if part is None or part["through"] is None:
            return sorted(keys)
        keys.update(part["keys"])
        if len(keys) > MAX_METADATA_COLUMNS:
            raise ConflictError(
                f"These {list_spec.noun} have more than {MAX_METADATA_COLUMNS} metadata keys, too many for the columns"
                " of a file; ask for fewer of them with the list's filters"
            )
        parameters["after"] = part["through"]


def _part(form: LiteralString, list_spec: ListSpec, selection: Selection) -> sql.Composed:
    return sql.SQL(form).format(matching=sql.SQL(list_spec.matching), conditions=selection.conditions)


def _lines(export: Export, shown: list[Shown], keys: list[str], write: CsvLines) -> str:
    behind = [""] * len(copy_titles(write))
    return write([*_cells(export, each, keys), *behind] for each in shown)


def _cells(export: Export, shown: Shown, keys: list[str]) -> list[str]:
    own = [as_cell(read(shown)) for read in export.columns.values()]
    return own + [as_cell(shown["metadata"].get(key)) for key in keys]


def as_cell(value: Any) -> str:
    """Write a value of the wire format as imports read it from a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int | float | Decimal):
        return _number(format(Decimal(str(value)), "f"))
    return (_with_commas(value) if isinstance(value, list) else None) or exact_json.dumps(value).decode()


def _number(text: str) -> str:
    """Write a number as it stands, or with one decimal more where it would be unclear whether it has any."""
    return f"{text}0" if numerals.is_two_way(text) else text


def _with_commas(items: list[Any]) -> str | None:
    """Join the items with commas; None where that would not be read as them."""
    if any(item is None or isinstance(item, dict | list) for item in items):
        return None
    cells = [as_cell(item) for item in items]
    joined = ", ".join(cells)
    parts = [part.strip() for part in joined.split(",")]
    is_read_so = not items or (all(cells) and parts == cells and joined != CLEARING)
    return joined if is_read_so and not may_be_array(joined) else None
