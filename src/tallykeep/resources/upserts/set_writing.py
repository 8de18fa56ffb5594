"""Writing a set of changes: what is new is inserted, what exists is locked and changed, by one statement each."""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from psycopg.errors import UniqueViolation
from psycopg.rows import tuple_row

from tallykeep.core.concurrency.right_of_way import give_way
from tallykeep.core.errors import OvertakenError
from tallykeep.db.connections.pool import Connection
from tallykeep.resources.fields.memo import RecentKeys
from tallykeep.resources.unique_timestamps import TIMESTAMPS
from tallykeep.resources.upserts.references import lines_of as lines_of_keys
from tallykeep.resources.upserts.spec import UpsertSpec

LINES_AT_ONCE = 200  # lines, which takes some milliseconds
# Projects and tables whose last set met something that exists: copying straight into the table would only fail again. A
# guess that speeds things up, local to this process; what is written never depends on it.
_meet_existing = RecentKeys(1_000)
_SECONDS = len("2022-01-01 00:00:00")
Part = TypeVar("Part")


class Writable(Protocol):
    """Changes that can be written as a set, each with the id that a new resource gets: COPY's texts, some at once."""

    def __len__(self) -> int: ...

    def staged(self) -> Iterator[str]:
        """Yield lines of the staging table: key, id, row and the table's columns."""

    def new(self, parameters: dict[str, Any]) -> Iterator[str]:
        """Yield lines of the table, in the order of keys: project, id, key, its columns, and when it is made."""


def set_parameters(
    project_id: int, timestamp: datetime, rows: Sequence[int], kept: Collection[str] = ()
) -> dict[str, Any]:
    """Return the parameters of a set's statements, whose changes come from rows of these numbers.

    What exists of the source_ids `kept` stays as it is.
    """
    first, last = min(rows, default=0), max(rows, default=0)
    exact = TIMESTAMPS.take(last - first + 1, timestamp)
    timestamps = {"timestamp": timestamp, "exact_timestamp": exact, "first_row": first}
    return {"project_id": project_id, "kept": list(kept), **timestamps}


async def insert_new(
    connection: Connection, spec: UpsertSpec, changes: Writable, parameters: dict[str, Any]
) -> dict[str, str]:
    """Make what is not there yet; return the source_ids of what is, each with its id, and lock it.

    `parameters` are the project, when that is, and which source_ids are `kept`: what exists of these is not locked.
    Raises OvertakenError where somebody else deletes meanwhile.
    """
    of_table = f"{parameters['project_id']} {spec.table_name}"
    if of_table not in _meet_existing and await _copy_new(connection, spec, changes, parameters):
        return {}
    statements = spec.statements
    await connection.execute(statements.create_changes)
    await connection.execute(statements.clear_changes)
    await _copy(connection, statements.copy_changes, changes.staged())
    inserted = await connection.execute(statements.insert_changes, parameters)
    if inserted.rowcount == len(changes):
        _meet_existing.discard(of_table)
        return {}
    _meet_existing.add(of_table)
    rows: list[tuple[str, str]] = []
    kept = {**parameters, "kept": lines_of_keys(parameters["kept"])}
    async with connection.cursor(row_factory=tuple_row) as cursor:
        if len(parameters["kept"]) < len(changes):
            rows += await (await cursor.execute(statements.lock_changed, kept)).fetchall()
        if parameters["kept"]:
            rows += await (await cursor.execute(statements.kept_by_changes, kept)).fetchall()
    if inserted.rowcount + len(rows) != len(changes):
        raise OvertakenError(f"a {spec.noun} was deleted meanwhile; the batch is tried again")
    return dict(rows)


async def _copy_new(connection: Connection, spec: UpsertSpec, changes: Writable, parameters: dict[str, Any]) -> bool:
    """Copy all straight into the table, in the order of keys; False, and nothing written, where one exists."""
    try:
        async with connection.transaction():
            await _copy(connection, spec.statements.copy_new, changes.new(parameters))
    except UniqueViolation:
        return False
    return True


async def update_existing(
    connection: Connection, spec: UpsertSpec, parameters: dict[str, Any], besides: Iterable[str]
) -> None:
    """Merge the changes that insert_new has staged into what existed, but for what is kept, and the keys `besides`."""
    left = lines_of_keys([*parameters["kept"], *besides])
    await connection.execute(spec.statements.update_changed, {**parameters, "besides": left})


async def _copy(connection: Connection, statement: bytes, texts: Iterable[str]) -> None:
    async with connection.cursor().copy(statement) as copy:
        for text in texts:
            await give_way()
            await copy.write(text)
            await asyncio.sleep(0)  # others want the event loop


def in_parts(lines: Sequence[Part]) -> Iterator[Sequence[Part]]:
    """Yield so many lines at a time that making texts of them takes some milliseconds."""
    for start in range(0, len(lines), LINES_AT_ONCE):
        yield lines[start : start + LINES_AT_ONCE]


def made_at(spec: UpsertSpec, rows: Sequence[int], parameters: dict[str, Any]) -> str | list[str]:
    """Return when new resources of these rows are made, as COPY takes it."""
    if not spec.table.own_timestamps:
        return str(parameters["timestamp"])
    first: datetime = parameters["exact_timestamp"]
    second = first.replace(microsecond=0)
    heads = _Heads(second)
    since = first.microsecond - parameters["first_row"]
    zone = str(second)[_SECONDS:]
    return [f"{heads[(since + row) // 1_000_000]}.{(since + row) % 1_000_000:06}{zone}" for row in rows]


class _Heads(dict[int, str]):
    """Dates and times to the second, without their zone, so many seconds after the first."""

    def __init__(self, first: datetime) -> None:
        super().__init__()
        self._first = first

    def __missing__(self, after: int) -> str:
        self[after] = head = str(self._first + timedelta(seconds=after))[:_SECONDS]
        return head


def lines_of(columns: Sequence[str | Sequence[Any]]) -> str:
    """Return the lines of these columns; one that is a text has it in each line."""
    count = next(len(column) for column in columns if not isinstance(column, str))
    cells = [[column] * count if isinstance(column, str) else column for column in columns]
    return "\n".join(map("\t".join, zip(*cells, strict=True))) + "\n"
