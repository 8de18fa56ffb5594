"""Changes that PostgreSQL merges into what exists, or makes new resources of, in one statement."""

from datetime import datetime, timedelta

from tallykeep.db.pool import Connection
from tallykeep.model import new_ids, now
from tallykeep.resources.upserts.columns import ReadyChanges
from tallykeep.resources.upserts.declare import Upserted


class Merge:
    """The ready changes of one portion, within its transaction: stage, then write."""

    def __init__(self, connection: Connection, project_id: int, kind: Upserted, ready: ReadyChanges) -> None:
        self._connection = connection
        self._project_id = project_id
        self._statements = kind.statements
        self._ready = ready
        self._ids = new_ids(kind.prefix, len(ready.keys))
        self._text = ready.text(self._ids)
        self.created: dict[str, int] = {}

    async def stage(self) -> None:
        """Copy the changes beside what other portions write."""
        if not self._ids:
            return
        await self._connection.execute(self._statements.create_changes)
        await self._connection.execute(self._statements.clear_changes)
        async with self._connection.cursor().copy(self._statements.copy_changes) as copy:
            await copy.write(self._text)

    async def write(self, moment: datetime) -> datetime:
        """Write them as of this moment, note those that were new, and return the first moment that is free again."""
        if not self._ids:
            return moment
        first_row, last_row = self._ready.numbers[0], self._ready.numbers[-1]
        place = {"project_id": self._project_id, "now": now(), "exact_now": moment, "first_row": first_row}
        await self._connection.execute(self._statements.merge_changes, place)
        await self._note_created()
        return moment + timedelta(microseconds=last_row - first_row + 1)

    async def _note_created(self) -> None:
        place = {"project_id": self._project_id, "first_id": self._ids[0], "last_id": self._ids[-1]}
        found = await (await self._connection.execute(self._statements.created_by_changes, place)).fetchall()
        if found:
            rows = dict(zip(self._ready.keys, self._ready.numbers, strict=True))
            self.created = {key: rows[key] for made in found if (key := made["source_id"]) in rows}
