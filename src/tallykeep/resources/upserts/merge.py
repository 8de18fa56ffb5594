"""Changes that PostgreSQL merges into what exists, or makes new resources of, in one statement."""

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg.errors import DeadlockDetected

from tallykeep.core.batch import ClaimedBatch
from tallykeep.core.ids import new_ids
from tallykeep.core.rows import Failure, Row
from tallykeep.db.connections.pool import Connection
from tallykeep.resources.fields.memo import RecentKeys
from tallykeep.resources.unique_timestamps import TIMESTAMPS
from tallykeep.resources.upserts.fast_csv import FileColumns, ReadyChanges
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
        self._ready = ReadyChanges([], [], [])
        self._rows: Sequence[Row] = []
        self._text = ""
        self._ids: list[str] = []
        self._is_written = False
        self.created: dict[str, int] = {}

    def take(self, rows: Sequence[Row]) -> tuple[list[Failure], list[Row]]:
        """Make the changes ready that can be merged; return what failed, and the other rows."""
        self._rows = rows
        self._ready, failures, others = self._columns.sort_out(rows)
        self._ids = new_ids(self._spec.prefix, len(self._ready.keys))
        self._text = self._ready.text(self._ids)
        return failures, others

    async def stage(self, other_keys: Iterable[str | None]) -> list[Row]:
        """Copy the changes; write them too, where no earlier batch can have anything to do with them.

        `other_keys` are those of the batch's other rows. Returns the rows that cannot be merged after all, because
        what they leave as it is has to be checked.
        """
        keys = {*self._ready.keys, *(key for key in other_keys if key is not None)}
        _take_in_hand(self._claimed, keys)
        if not self._ids:
            return []
        statements = self._spec.statements
        await self._connection.execute(statements.create_changes)
        await self._connection.execute(statements.clear_changes)
        async with self._connection.cursor().copy(statements.copy_changes) as copy:
            await copy.write(self._text)
        left = await self._take_out_unchecked()
        if self._claimed.action_id not in _meet_others and await self._is_apart(keys):
            await self.write()
        return left

    async def _take_out_unchecked(self) -> list[Row]:
        unchecked = self._columns.unchecked
        if unchecked is None:
            return []
        parameters = {"project_id": self._claimed.project_id, **unchecked}
        taken = await self._connection.execute(self._spec.statements.take_out_unchecked, parameters)
        numbers = {row["row"] for row in await taken.fetchall()}
        return [row for row in self._rows if row.number in numbers] if numbers else []

    async def _is_apart(self, keys: set[str]) -> bool:
        """Whether all earlier batches that are open are in hand here, and have no key in common with this one."""
        cursor = await self._connection.execute(self._spec.statements.earlier_open_batches, self._claimed.batch_key)
        earlier = [(self._claimed.action_id, row["first_row"]) for row in await cursor.fetchall()]
        return all(batch in _keys_in_hand and keys.isdisjoint(_keys_in_hand[batch]) for batch in earlier)

    async def write(self) -> None:
        """Merge the changes that are staged, unless that is done, and note which resources were new."""
        if self._is_written or not self._ids:
            return
        first_row, last_row = self._ready.numbers[0], self._ready.numbers[-1]
        exact = TIMESTAMPS.take(last_row - first_row + 1, self._claimed.timestamp)
        timestamps = {"timestamp": self._claimed.timestamp, "exact_timestamp": exact, "first_row": first_row}
        scope = {"project_id": self._claimed.project_id, "first_id": self._ids[0], "last_id": self._ids[-1]}
        try:
            await self._connection.execute(self._spec.statements.merge_changes, {**scope, **timestamps})
        except DeadlockDetected:
            _meet_others.add(self._claimed.action_id)
            raise
        await self._note_created(scope)
        self._is_written = True

    async def _note_created(self, scope: dict[str, Any]) -> None:
        created = await (await self._connection.execute(self._spec.statements.created_by_changes, scope)).fetchall()
        if created:
            rows = dict(zip(self._ready.keys, self._ready.numbers, strict=True))
            self.created = {key: rows[key] for row in created if (key := row["source_id"]) in rows}


def _take_in_hand(claimed: ClaimedBatch, keys: set[str]) -> None:
    batch = (claimed.action_id, claimed.batch.first_row)
    _keys_in_hand.pop(batch, None)
    _keys_in_hand[batch] = keys
    while len(_keys_in_hand) > _MAX_IN_HAND:
        del _keys_in_hand[next(iter(_keys_in_hand))]
