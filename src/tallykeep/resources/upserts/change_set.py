"""Changes that PostgreSQL makes new resources of, or merges into what exists, as a set: one for each key.

What rows of one batch say of one key is put together first, in their order. Where rows set something to null, this
says what a new resource has; what becomes of one that exists is for who goes through the rows.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from psycopg.errors import UniqueViolation

from tallykeep.core import exact_json
from tallykeep.core.errors import OvertakenError
from tallykeep.db.connections.pool import Connection
from tallykeep.db.copy_format import NULL, SPECIAL, copy_text
from tallykeep.resources.fields.json_columns import Column, read_present
from tallykeep.resources.fields.memo import RecentKeys
from tallykeep.resources.upserts.report_lines import ReportLine
from tallykeep.resources.upserts.spec import Change, UpsertSpec

_AT_ONCE = 200  # lines, which takes some milliseconds
# Projects and tables whose last set met something that exists: copying straight into the table would only fail again. A
# guess that speeds things up, local to this process; what is written never depends on it.
_meet_existing = RecentKeys(1_000)

Numbered = tuple[Change, str]  # with the id that a new resource gets


@dataclass(slots=True)
class ChangeSet:
    """Changes by source_id, those of one key as one; `unkeyed` have none and make new resources.

    `with_nulls` are the keys of which something is set to null.
    """

    by_key: dict[str, Change] = field(default_factory=dict)
    unkeyed: list[Change] = field(default_factory=list)
    with_nulls: set[str] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.by_key) + len(self.unkeyed)

    def __iter__(self) -> Iterator[Change]:
        yield from self.by_key.values()
        yield from self.unkeyed


def change_set(changes: Iterable[Change], required: Sequence[str] = ()) -> ChangeSet | None:
    """Put changes of one key together; None where one names an id, or lacks something that new resources need."""
    made = ChangeSet()
    for change in changes:
        if change.id is not None or (required and any(change.values.get(name) is None for name in required)):
            return None
        key = change.source_id
        if key is None:
            made.unkeyed.append(change)
            continue
        if _has_nulls(change.values):
            made.with_nulls.add(key)
        earlier = made.by_key.get(key)
        made.by_key[key] = change if earlier is None else _followed_by(earlier, change)
    return made


def _has_nulls(values: dict[str, Any]) -> bool:
    parts = values.values()
    if None in parts:
        return True
    return dict in map(type, parts) and any(type(part) is dict and None in part.values() for part in parts)


def _followed_by(earlier: Change, later: Change) -> Change:
    """Return the change that does what the two do, one after the other; it keeps the row of the first."""
    values = earlier.values | later.values
    for name, value in later.values.items():
        if type(value) is dict and type(before := earlier.values.get(name)) is dict:
            values[name] = before | value
    return Change(earlier.row, earlier.source_id, values=values, metadata=earlier.metadata | later.metadata)


class Outcome:
    """What became of changes that were written as a set: of `rows`, with `ids` for new resources.

    `existing` are the source_ids of what was there before, each with its id.
    """

    def __init__(
        self, changes: ChangeSet, rows: Sequence[Change], ids: Sequence[str], existing: Mapping[str, str]
    ) -> None:
        self.existing = existing
        self._changes = changes
        self._rows = rows
        self._ids = ids

    @property
    def ids(self) -> dict[int, str]:
        """The id of what each row is of."""
        id_of = {**dict(zip(self._changes.by_key, self._ids, strict=False)), **self.existing}
        keyed = [change for change in self._rows if change.source_id is not None] if self._unkeyed else self._rows
        keys: Iterator[Any] = (change.source_id for change in keyed)
        ids = dict(zip([change.row for change in keyed], map(id_of.__getitem__, keys), strict=True))
        return ids | {change.row: made for made, change in self._unkeyed.items()}

    @property
    def created(self) -> dict[str, int]:
        """The source_ids of what was new, or its ids where it has none, each with its first row."""
        new = {key: change.row for key, change in self._changes.by_key.items() if key not in self.existing}
        return new | {made: change.row for made, change in self._unkeyed.items()}

    @property
    def made(self) -> set[str]:
        """The ids of what was new."""
        if not self.existing:
            return set(self._ids)
        keyed = zip(self._changes.by_key, self._ids, strict=False)
        return {made for key, made in keyed if key not in self.existing}.union(self._unkeyed)

    @property
    def lines(self) -> list[ReportLine]:
        """The lines of a report, one for each row."""
        first = set(self.created.values())
        return [ReportLine(change.row, change.key or "", change.row not in first, True) for change in self._rows]

    @property
    def _unkeyed(self) -> dict[str, Change]:
        return dict(zip(self._ids[len(self._changes.by_key) :], self._changes.unkeyed, strict=True))


async def insert_new(
    connection: Connection, spec: UpsertSpec, changes: ChangeSet, ids: Sequence[str], parameters: dict[str, Any]
) -> dict[str, str]:
    """Make what is not there yet, with these ids; return the source_ids of what is, each with its id, and lock it.

    `parameters` are the project, when that is, and which source_ids are `kept`: what exists of these is not locked.
    Raises OvertakenError where somebody else deletes meanwhile.
    """
    of_table = f"{parameters['project_id']} {spec.table_name}"
    if of_table not in _meet_existing and await _copy_new(connection, spec, changes, ids, parameters):
        return {}
    statements = spec.statements
    await connection.execute(statements.create_changes)
    await connection.execute(statements.clear_changes)
    numbered = list(zip(changes, ids, strict=True))
    await _copy(connection, statements.copy_changes, partial(_staged_text, spec), numbered)
    inserted = await connection.execute(statements.insert_changes, parameters)
    if inserted.rowcount == len(changes):
        _meet_existing.discard(of_table)
        return {}
    _meet_existing.add(of_table)
    rows: list[dict[str, Any]] = []
    if len(parameters["kept"]) < len(changes):
        rows += await (await connection.execute(statements.lock_changed, parameters)).fetchall()
    if parameters["kept"]:
        rows += await (await connection.execute(statements.kept_by_changes, parameters)).fetchall()
    if inserted.rowcount + len(rows) != len(changes):
        raise OvertakenError(f"a {spec.noun} was deleted meanwhile; the batch is tried again")
    return {row["source_id"]: row["id"] for row in rows}


async def _copy_new(
    connection: Connection, spec: UpsertSpec, changes: ChangeSet, ids: Sequence[str], parameters: dict[str, Any]
) -> bool:
    """Copy all straight into the table, in the order of keys; False, and nothing written, where one exists."""
    numbered = sorted(zip(changes, ids, strict=True), key=_key_and_id)
    try:
        async with connection.transaction():
            await _copy(connection, spec.statements.copy_new, partial(_new_text, spec, parameters), numbered)
    except UniqueViolation:
        return False
    return True


def _key_and_id(numbered: Numbered) -> tuple[bool, str, str]:
    key = numbered[0].source_id
    return key is None, key or "", numbered[1]


async def _copy(
    connection: Connection, statement: bytes, text: Callable[[Sequence[Numbered]], str], numbered: Sequence[Numbered]
) -> None:
    async with connection.cursor().copy(statement) as copy:
        for start in range(0, len(numbered), _AT_ONCE):
            await copy.write(text(numbered[start : start + _AT_ONCE]))
            await asyncio.sleep(0)  # others want the event loop


async def update_existing(
    connection: Connection, spec: UpsertSpec, parameters: dict[str, Any], besides: Iterable[str]
) -> None:
    """Merge the changes that insert_new has staged into what existed, but for what is kept, and the keys `besides`."""
    left = [*parameters["kept"], *besides]
    await connection.execute(spec.statements.update_changed, {**parameters, "besides": left})


def _staged_text(spec: UpsertSpec, numbered: Sequence[Numbered]) -> str:
    """Return what COPY takes to the staging table: key, id, row and the table's columns."""
    ids, rows = [made for _, made in numbered], [str(change.row) for change, _ in numbered]
    return _lines([_keys(numbered), ids, rows, *_columns(spec, numbered, {})])


def _new_text(spec: UpsertSpec, parameters: dict[str, Any], numbered: Sequence[Numbered]) -> str:
    """Return what COPY takes to the table: project, id, key, the table's columns, and when it is made."""
    made_at = str(parameters["timestamp"])
    if spec.table.own_timestamps:
        first = parameters["exact_timestamp"]
        rows = (change.row - parameters["first_row"] for change, _ in numbered)
        made: Column = [str(first + timedelta(microseconds=row)) for row in rows]
    else:
        made = made_at
    columns = _columns(spec, numbered, spec.table.default_texts)
    return _lines([str(parameters["project_id"]), [each for _, each in numbered], _keys(numbered), *columns, made])


def _keys(numbered: Sequence[Numbered]) -> Column:
    return read_present([change.source_id for change, _ in numbered], NULL, _texts)


def _columns(spec: UpsertSpec, numbered: Sequence[Numbered], defaults: Mapping[str, str]) -> Iterator[Column]:
    """Yield the table's columns, in which `defaults` stand for what is not said."""
    table = spec.table
    values = [change.values for change, _ in numbered]
    for name in table.columns[:-1]:
        absent = defaults.get(name, NULL)
        read = partial(_json_texts, absent) if name in table.json_columns else _texts
        yield read_present([each.get(name) for each in values], absent, read)
    metadata = [change.metadata or None for change, _ in numbered]
    yield read_present(metadata, defaults.get("metadata", NULL), _metadata_texts)


def _lines(columns: Sequence[str | Sequence[Any]]) -> str:
    count = next(len(column) for column in columns if not isinstance(column, str))
    cells = [[column] * count if isinstance(column, str) else column for column in columns]
    return "\n".join(map("\t".join, zip(*cells, strict=True))) + "\n"


def _texts(values: Sequence[Any]) -> Sequence[str]:
    if _ONLY_TEXTS.issuperset(map(type, values)) and not SPECIAL.search("".join(values)):
        return values
    return list(map(copy_text, values))


_ONLY_TEXTS = frozenset({str})


def _json_texts(absent: str, values: Sequence[Any]) -> Sequence[str]:
    """Write JSON values; of an object what is not null, as what is `absent` where that is all."""
    return [absent if value == {} else _json_text(value) for value in map(_without_nulls, values)]


def _without_nulls(value: Any) -> Any:
    if type(value) is dict and None in value.values():
        return {name: part for name, part in value.items() if part is not None}
    return value


def _metadata_texts(values: Sequence[dict[str, Any]]) -> Sequence[str]:
    return list(map(_json_text, values))


def _json_text(value: Any) -> str:
    text = exact_json.dumps(value).decode()
    return text.replace("\\", "\\\\") if "\\" in text else text  # nothing else that COPY escapes stands in JSON
