"""Changes that PostgreSQL merges into what exists, or makes new resources of, in one statement."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from psycopg.errors import DeadlockDetected

from tallykeep.core.batch import ClaimedBatch
from tallykeep.core.concurrency.right_of_way import give_way
from tallykeep.core.ids import new_ids
from tallykeep.core.rows import Failure, Row, Table
from tallykeep.db.connections.pool import Connection
from tallykeep.resources.fields.memo import RecentKeys
from tallykeep.resources.unique_timestamps import TIMESTAMPS
from tallykeep.resources.upserts.by_column.fast_csv import FileColumns, ReadyChanges
from tallykeep.resources.upserts.references import lines_of, lock_referred
from tallykeep.resources.upserts.spec import UpsertSpec

# The keys of the batches that this process had in hand last, by action and first row.
_keys_in_hand: dict[tuple[str, int], set[str]] = {}
_MAX_IN_HAND = 8
# Actions that met others in a circle. Guesses that speed things up; what is written never depends on either.
_meet_others = RecentKeys(1_000)


class Merge:
    """The rows of one batch that PostgreSQL can merge, within its transaction: take them, stage, write."""

    def __init__(self, connection: Connection, claimed: ClaimedBatch, spec: UpsertSpec, columns: FileColumns) -> None:
        self._connection = connection
        self._claimed = claimed
        self._spec = spec
        self._columns = columns
        self._ready = ReadyChanges([], [], [], [])
        self._rows: Sequence[Row] = []
        self._pieces: list[bytes] = []
        self._ids: list[str] = []
        self._left: set[int] = set()  # the numbers of the rows that cannot be merged after all
        self._if_there: list[tuple[str, Failure]] = []
        self._is_written = False
        self.created: dict[str, int] = {}
        self.failures: list[Failure] = []  # of rows that turned out to fail when the others were written

    def take(self, rows: Sequence[Row]) -> tuple[list[Failure], list[Row]]:
        """Make the changes ready that can be merged; return what failed, and the other rows."""
        self._rows = rows
        self._ready, failures, self._if_there, others = self._columns.sort_out(rows)
        self._ids = new_ids(self._spec.prefix, len(self._ready.keys))
        self._pieces = self._ready.pieces(self._ids)
        return failures, others

    async def stage(self, other_keys: Iterable[str | None]) -> list[Row]:
        """Copy the changes; write them too, where no earlier batch can have anything to do with them.

        `other_keys` are those of the batch's other rows. Returns the rows that cannot be merged after all, because
        what they leave as it is has to be checked, and those that `write` returns.
        """
        keys = {*self._ready.keys, *(key for key in other_keys if key is not None)}
        _take_in_hand(self._claimed, keys)
        if not self._ids:
            return []
        statements = self._spec.statements
        await self._connection.execute(statements.create_changes)
        await self._connection.execute(statements.clear_changes)
        async with self._connection.cursor().copy(statements.copy_changes) as copy:
            for piece in self._pieces:
                await give_way()
                await copy.write(piece)
        unchecked = self._columns.unchecked
        left = [] if unchecked is None else self._leave(await self._taken_out(statements.take_out_unchecked, unchecked))
        if self._claimed.action_id not in _meet_others and await self._is_apart(keys):
            left += await self.write()
        return left

    async def _taken_out(self, statement: bytes, parameters: Mapping[str, Any]) -> set[int]:
        parameters = {"project_id": self._claimed.project_id, **parameters}
        # Planned each time, like the merge: a plan for few changes would take a long time with many.
        taken = await self._connection.execute(statement, parameters, prepare=False)
        return {row["row"] for row in await taken.fetchall()}

    def _leave(self, numbers: set[int]) -> list[Row]:
        """Return the rows of these numbers."""
        self._left |= numbers
        rows = self._rows
        known = rows.numbers if isinstance(rows, Table) else [row.number for row in rows]
        return [rows[at] for at, number in enumerate(known) if number in numbers] if numbers else []

    async def _is_apart(self, keys: set[str]) -> bool:
        """Whether all earlier batches that are open are in hand here, and have no key in common with this one."""
        cursor = await self._connection.execute(self._spec.statements.earlier_open_batches, self._claimed.batch_key)
        earlier = [(self._claimed.action_id, row["first_row"]) for row in await cursor.fetchall()]
        return all(batch in _keys_in_hand and keys.isdisjoint(_keys_in_hand[batch]) for batch in earlier)

    async def write(self) -> list[Row]:
        """Merge the changes that are staged, unless that is done, and note which resources were new.

        Returns the rows that refer to nothing, or lack what is required where there is nothing to change.
        """
        if self._is_written or not (self._ids or self._if_there):
            return []
        try:
            left = await self._merge()
        except DeadlockDetected:
            _meet_others.add(self._claimed.action_id)
            raise
        self._is_written = True
        return left

    async def _merge(self) -> list[Row]:
        project_id, ready = self._claimed.project_id, self._ready
        incomplete = self._spec.statements.take_out_incomplete
        numbers = await self._taken_out(incomplete, {}) if self._columns.lack_required else set[int]()
        references = {*ready.references, *(reference for reference, _ in self._if_there)}
        ids = await lock_referred(self._connection, project_id, self._spec, references)
        numbers |= self._fail_referring(ids)
        if not self._ids:
            return self._leave(numbers)
        numbers |= await self._take_out_lost(ids)
        first_row, last_row = ready.numbers[0], ready.numbers[-1]
        exact = TIMESTAMPS.take(last_row - first_row + 1, self._claimed.timestamp)
        parameters = {
            "project_id": project_id, "keys": lines_of(ids), "referred_ids": lines_of(ids.values()),
            "timestamp": self._claimed.timestamp, "exact_timestamp": exact, "first_row": first_row,
        }  # fmt: skip
        merged = await self._connection.execute(self._spec.statements.merge_changes, parameters, prepare=False)
        left = self._leave(numbers)
        await self._note_created(merged.rowcount)
        return left

    def _fail_referring(self, ids: Mapping[str, str]) -> set[int]:
        """Fail the rows that were to fail if what they refer to is there; return the numbers of the others."""
        self.failures = [failure for reference, failure in self._if_there if reference in ids]
        return {failure.row for reference, failure in self._if_there if reference not in ids}

    async def _take_out_lost(self, ids: Mapping[str, str]) -> set[int]:
        """Take out the changes that refer to nothing of which there is an id."""
        unknown = set(self._ready.references).difference(ids)
        if not unknown:
            return set()
        pairs = zip(self._ready.numbers, self._ready.references, strict=True)
        lost = {number for number, key in pairs if key in unknown}.difference(self._left)
        await self._connection.execute(self._spec.statements.take_out_rows, {"rows": list(lost)})
        return lost

    async def _note_created(self, merged: int) -> None:
        scope = {"project_id": self._claimed.project_id, "first_id": self._ids[0], "last_id": self._ids[-1]}
        query = self._spec.statements.created_by_changes
        created = await (await self._connection.execute(query, {**scope, "merged": merged})).fetchall()
        count, source_ids = created[0]["count"], created[0]["source_ids"]
        rows = dict(zip(self._ready.keys, self._ready.numbers, strict=True)) if count else {}
        if source_ids is not None:
            rows = {key: rows[key] for key in source_ids if key in rows}
        elif self._left:
            rows = {key: row for key, row in rows.items() if row not in self._left}
        self.created = rows


def _take_in_hand(claimed: ClaimedBatch, keys: set[str]) -> None:
    batch = (claimed.action_id, claimed.batch.first_row)
    _keys_in_hand.pop(batch, None)
    _keys_in_hand[batch] = keys
    while len(_keys_in_hand) > _MAX_IN_HAND:
        del _keys_in_hand[next(iter(_keys_in_hand))]
