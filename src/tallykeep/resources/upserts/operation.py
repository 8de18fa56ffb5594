"""Applying a batch of changes, as sets: what is ready is merged by PostgreSQL.

Of the rest, those found are locked, merged here and updated, the others created.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from tallykeep.core import exact_json
from tallykeep.core.batch import ClaimedBatch
from tallykeep.core.errors import OvertakenError
from tallykeep.core.ids import new_ids
from tallykeep.core.operation import Operation
from tallykeep.core.rows import Failure, Row
from tallykeep.db.connections.pool import Connection
from tallykeep.resources.fields.cleaning import actual
from tallykeep.resources.fields.memo import Memo
from tallykeep.resources.metadata.checker import MetadataChecker
from tallykeep.resources.metadata.schemas import checker_for
from tallykeep.resources.unique_timestamps import TIMESTAMPS
from tallykeep.resources.upserts.by_column.fast_csv import file_columns
from tallykeep.resources.upserts.by_column.merge import Merge
from tallykeep.resources.upserts.change_set import ChangeSet, NumberedChanges, Outcome, change_set
from tallykeep.resources.upserts.locked_keys import lock_existing
from tallykeep.resources.upserts.quick_json import quick_json_reader
from tallykeep.resources.upserts.references import resolve_references
from tallykeep.resources.upserts.report_lines import ReportLine, report_text
from tallykeep.resources.upserts.row_readers import Reader, csv_reader, ids_reader
from tallykeep.resources.upserts.set_writing import insert_new, set_parameters, update_existing
from tallykeep.resources.upserts.spec import Change, Recheck, UpsertSpec

Record = dict[str, Any]
_Key = tuple[str, str]  # by which name, and which
_READ_AT_ONCE = 200  # rows, which takes some milliseconds


class Upsert(Operation):
    """One batch of changes, within the transaction that closes it."""

    def __init__(
        self, connection: Connection, project_id: int, spec: UpsertSpec, checker: MetadataChecker, timestamp: datetime
    ) -> None:
        self._connection = connection
        self._project_id = project_id
        self._spec = spec
        self._checker = checker
        self._timestamp = timestamp
        self._problems = Memo(lambda dumped: checker.problems(exact_json.loads(dumped)))
        self._merge: Merge | None = None
        self._changes: list[Change] = []
        self._lines: list[ReportLine] = []
        self.written: list[Record] = []
        self.ids: dict[int, str] = {}
        self.outcome: Outcome | None = None
        self._set: ChangeSet | None = None
        self.rechecks: list[Recheck] = []
        self._missed: list[_Key] = []

    def use(
        self,
        read: Reader,
        *,
        merge: Merge | None = None,
        complete: bool = True,
        from_file: bool = False,
        new: Collection[str] = (),
        as_set: bool = False,
        kept: Collection[str] = (),
        is_resolved: bool = False,
    ) -> "Upsert":
        """Set what reads the rows, and whether required fields have to be there in the end, `from_file` also keys.

        `merge` takes the rows that it can; then `stage` has to come before `write`. `new` are source ids that were not
        there when somebody checked. `as_set`: rows, whose metadata can be stored, are written as a set where they can;
        then what exists of the source ids `kept` stays as it is. `is_resolved`: what rows refer to is found.
        """
        self._read = read
        self._merge = merge
        self._required = [field.name for field in self._spec.fields if field.required] if complete else []
        self._new = frozenset(new)
        self._as_set = as_set and self._checker.takes_anything
        self._kept = frozenset(kept)
        self._is_resolved = is_resolved or (self._spec.resolve is None and self._spec.reference is None)
        self._key_required = from_file and self._spec.source_id_required
        return self

    def check(self, rows: Sequence[Row]) -> list[Failure]:
        """Read the rows; whether metadata and required fields are complete is seen once it is known what exists."""
        failures, others = ([], rows) if self._merge is None else self._merge.take(rows)
        self._report(failures)
        read = list(map(self._read, others))
        self._changes = [change for change in read if not change.problems]
        self._new_ids = iter(new_ids(self._spec.prefix, len(self._changes)))
        flawed = [self._failed(change, "; ".join(change.problems)) for change in read if change.problems]
        return [*failures, *flawed] if failures else flawed

    def _report(self, failures: Sequence[Failure]) -> None:
        self._lines += [
            ReportLine(failure.row, failure.key or "", found=False, updated=False, error=failure.reason)
            for failure in failures
        ]

    async def stage(self) -> None:
        """Bring to the database what is merged there; the rest depends on what exists."""
        if self._merge is None:
            return
        await self._take_back(await self._merge.stage(change.source_id for change in self._changes))

    async def _take_back(self, left: Sequence[Row]) -> None:
        """Read the rows that cannot be merged there after all."""
        for start in range(0, len(left), _READ_AT_ONCE):
            self._changes += map(self._read, left[start : start + _READ_AT_ONCE])
            await asyncio.sleep(0)  # others want the event loop
        if left:
            self._changes.sort(key=lambda change: change.row)
            self._new_ids = iter(new_ids(self._spec.prefix, len(self._changes)))

    def take(self, changes: list[Change], rechecks: list[Recheck]) -> None:
        """Have these changes written in place of those that were read; what they refer to is found."""
        self._changes, self.rechecks, self._is_resolved = changes, rechecks, True
        self._new_ids = iter(new_ids(self._spec.prefix, len(changes)))

    async def write(self) -> list[Failure]:
        """Merge what can be; apply the other changes in row order to what exists, then write what changed as sets.

        The two have no key in common. Raises OvertakenError where others created one meanwhile.
        """
        if self._merge is None:
            return await self._write_changes()
        await self._take_back(await self._merge.write())
        self._report(self._merge.failures)
        return self._merge.failures + await self._write_changes()

    async def _write_changes(self) -> list[Failure]:
        if not self._changes:
            return []
        failures = await self._resolve()
        if (changes := self._change_set()) is not None:
            await self._write_set(changes)
            return failures + await self._write_each() if self._changes else failures
        return failures + await self._write_each()

    @property
    def is_set(self) -> bool:
        """Whether the rows that passed the check, and refer to nothing that is not found, will be written as a set."""
        return self._change_set() is not None

    def _change_set(self) -> ChangeSet | None:
        if self._as_set and (self._set is None or not self._is_resolved):
            self._set = change_set(self._changes, self._required)
        return self._set

    async def _write_each(self) -> list[Failure]:
        """Apply the changes to what exists, in row order, and write what changed."""
        failures: list[Failure] = []
        changed: dict[str, Record] = {}
        by_source_id, by_id = await self._lock_existing()
        await self._refuse_overtaken(by_source_id)
        refused: list[Change] = []
        for change in self._changes:
            if flaws := self._apply(change, by_source_id, by_id, changed):
                failures += flaws
                refused.append(change)
        self._missed = [key for key in _keys_of(refused) if key[1] not in (by_id if key[0] == "id" else by_source_id)]
        if changed:
            await self._store(list(changed.values()))
        self.written = list(changed.values())
        return failures

    async def _write_set(self, changes: ChangeSet) -> None:
        """Write what can be as a set; changes that set something of what exists to null are left."""
        ids = list(islice(self._new_ids, len(changes)))
        rows = [change.row for change in self._changes]
        parameters = set_parameters(self._project_id, self._timestamp, rows, self._kept)
        numbered = NumberedChanges(self._spec, changes, ids)
        existing = await insert_new(self._connection, self._spec, numbered, parameters) if ids else {}
        await self._refuse_overtaken(existing)
        left = changes.with_nulls.intersection(existing).difference(self._kept)
        if existing.keys() - left - self._kept:
            await update_existing(self._connection, self._spec, parameters, left)
        written = [change for change in self._changes if change.source_id not in left] if left else self._changes
        self._changes = [change for change in self._changes if change.source_id in left] if left else []
        self.outcome = Outcome(changes, written, ids, existing)

    async def _refuse_overtaken(self, existing: Collection[str]) -> None:
        if not self._new.isdisjoint(existing) or any([await is_there() for is_there in self.rechecks]):
            raise OvertakenError("what had been looked for in vain was created meanwhile; the batch is tried again")

    def created(self) -> Mapping[str, int]:
        """The source ids of what was new, or its id where it has none, each with its first row."""
        rows = {made: row for row, made in reversed(self.ids.items())}
        new = [record for record in self.written if record["is_new"]]
        merged = self._merge.created if self._merge is not None else self.outcome.created if self.outcome else {}
        return {**merged, **{record["source_id"] or record["id"]: rows[record["id"]] for record in new}}

    @property
    def made(self) -> set[str]:
        """The ids of what was new."""
        new = {record["id"] for record in self.written if record["is_new"]}
        return new | self.outcome.made if self.outcome is not None else new

    def report(self) -> str:
        """One line a row, in row order; only bulk updates show it."""
        return report_text(self._lines + self.outcome.lines if self.outcome is not None else self._lines)

    async def _resolve(self) -> list[Failure]:
        if self._is_resolved:
            return []
        self.rechecks = await resolve_references(self._connection, self._project_id, self._spec, self._changes)
        if (resolve := self._spec.resolve) is not None:
            self.rechecks += await resolve(self._connection, self._project_id, self._changes, self._timestamp)
        lost = [change for change in self._changes if change.problems]
        self._changes = [change for change in self._changes if not change.problems]
        return [self._failed(change, "; ".join(change.problems)) for change in lost]

    async def present_by_now(self) -> set[str]:
        """Return the ids of what was missing when rows failed and exists by now."""
        return {row["id"] for row in (await self._lock(self._missed)).values()}

    async def _lock_existing(self) -> tuple[dict[str, Record], dict[str, Record]]:
        rows = await lock_existing(self._lock, _keys_of(self._changes))
        existing = {row["id"]: {**row, "is_new": False} for row in rows.values()}
        by_source_id = {row["source_id"]: row for row in existing.values() if row["source_id"] is not None}
        return by_source_id, existing

    async def _lock(self, wanted: Sequence[_Key]) -> dict[_Key, Record]:
        locked: dict[_Key, Record] = {}
        statements = self._spec.statements
        for name, sql in (("source_id", statements.lock_by_source_id), ("id", statements.lock_by_id)):
            if keys := [key for of, key in wanted if of == name]:
                parameters = {"project_id": self._project_id, "keys": keys}
                rows = await (await self._connection.execute(sql, parameters)).fetchall()
                locked |= {(name, row[name]): row for row in rows}
        return locked

    def _apply(
        self, change: Change, by_source_id: dict[str, Record], by_id: dict[str, Record], changed: dict[str, Record]
    ) -> list[Failure]:
        current = by_source_id.get(change.source_id) if change.source_id else by_id.get(change.id or "")
        if change.id is not None and (failure := self._mistaken_id(change, change.id, current, by_id)):
            return [failure]
        wanted = _merged(current or self._blank(change), change, self._spec.table.defaults)
        if problems := self._flaws(wanted):
            return [self._failed(change, "; ".join(problems), found=current is not None)]
        self._lines.append(ReportLine(change.row, change.key or "", found=current is not None, updated=True))
        self.ids[change.row] = wanted["id"]
        changed[wanted["id"]] = by_id[wanted["id"]] = wanted
        if wanted["source_id"] is not None:
            by_source_id[wanted["source_id"]] = wanted
        return []

    def _mistaken_id(
        self, change: Change, own_id: str, current: Record | None, by_id: dict[str, Record]
    ) -> Failure | None:
        """Return why the row's id cannot be the one of what it changes or creates; None where it can."""
        if current is not by_id.get(own_id):
            reason = f"id: is not the one of source_id {change.source_id} {actual(own_id)}"
            return self._failed(change, reason, found=current is not None)
        if current is None and change.source_id is None:
            return self._failed(change, f"Cannot find {self._spec.noun} with id {own_id}", "not_found")
        if current is None and not own_id.startswith(self._spec.prefix):
            return self._failed(change, f"id: must begin with {self._spec.prefix} {actual(own_id)}")
        return None

    def _blank(self, change: Change) -> Record:
        empty = dict.fromkeys(self._spec.table.columns)
        new_id = change.id or next(
            self._new_ids
        )  # a row's own is kept: it may come from the system the resource is moved from
        made: Record = {"id": new_id, "source_id": change.source_id, "metadata": {}, "is_new": True}
        return {**empty, **self._spec.table.defaults, **made}

    def _flaws(self, wanted: Record) -> list[str]:
        required = self._required
        if self._key_required and wanted["is_new"]:
            required = ["source_id", *required]
        missing = [name for name in required if wanted.get(name) is None]
        flaws: list[str] = self._problems[exact_json.dumps(wanted["metadata"])]
        return [f"{name} is required" for name in missing] + flaws

    def _failed(self, change: Change, reason: str, error_key: str | None = None, *, found: bool = False) -> Failure:
        self._lines.append(ReportLine(change.row, change.key or "", found=found, updated=False, error=reason))
        return Failure(change.row, change.key, reason, error_key or self._spec.error_key)

    async def _store(self, records: list[Record]) -> None:
        timestamps = {"timestamp": self._timestamp, "exact_timestamp": TIMESTAMPS.take(len(records), self._timestamp)}
        parameters = {"project_id": self._project_id, **timestamps}
        statements = self._spec.statements
        await self._connection.execute(statements.create_stage)
        await self._connection.execute(statements.clear_stage)
        async with self._connection.cursor().copy(statements.copy_stage) as copy:
            for record in records:
                await copy.write_row(self._stored(record))
        inserted = await self._connection.execute(statements.insert_staged, parameters)
        if inserted.rowcount != sum(record["is_new"] for record in records):
            raise OvertakenError(f"a {self._spec.noun} was created meanwhile; the batch is tried again")
        await self._connection.execute(statements.update_staged, parameters)

    def _stored(self, record: Record) -> list[Any]:
        values = {name: record[name] for name in ("is_new", "id", "source_id", *self._spec.table.columns)}
        for name in self._spec.table.json_columns:
            if values[name] is not None:
                values[name] = exact_json.dumps(values[name]).decode()
        return list(values.values())


def _keys_of(changes: Sequence[Change]) -> list[_Key]:
    """Return the keys by which the changes name resources, in the order in which they are locked."""
    source_ids = {change.source_id for change in changes if change.source_id is not None}
    ids = {change.id for change in changes if change.id is not None}
    return [*(("source_id", key) for key in sorted(source_ids)), *(("id", key) for key in sorted(ids))]


def _merged(current: Record, change: Change, defaults: Record) -> Record:
    """Apply the change to the record: objects and metadata are added to, other values replaced, null resets."""
    values = {name: _value(current.get(name), value, defaults.get(name)) for name, value in change.values.items()}
    return {**current, **values, "metadata": current["metadata"] | change.metadata}


def _value(before: Any, wanted: Any, default: Any) -> Any:
    if isinstance(wanted, dict):
        return _without_nulls((before or {}) | wanted) or default
    return default if wanted is None else wanted


def _without_nulls(record: Record) -> Record:
    return {name: value for name, value in record.items() if value is not None}


async def begin_upsert(connection: Connection, claimed: ClaimedBatch, spec: UpsertSpec) -> Upsert:
    """Begin one batch of changes, read as the action's source says."""
    checker = await checker_for(connection, claimed.project_id, spec.noun)
    source = claimed.source
    if source.format == "csv":
        reader = csv_reader(spec, source.header, checker, source.decimal_marks)
    elif "metadata" in source.parameters:
        reader = ids_reader(source.parameters["by"], source.parameters["metadata"])
    else:
        reader = quick_json_reader(spec)
    is_file = source.format == "csv"
    columns = file_columns(spec, source.header, checker, source.decimal_marks) if is_file else None
    merge = Merge(connection, claimed, spec, columns) if columns is not None else None
    # Bulk updates create what they do not find, with no more than the row says.
    operation = Upsert(connection, claimed.project_id, spec, checker, claimed.timestamp)
    as_set = not is_file and "metadata" not in source.parameters
    return operation.use(reader, merge=merge, complete=is_file, from_file=is_file, as_set=as_set)
