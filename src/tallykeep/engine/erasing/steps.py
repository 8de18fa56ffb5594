"""One step of an erasure: its bounds, and what it works with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, LiteralString

from tallykeep.core.action_type import People
from tallykeep.db.connections.pool import Connection


@dataclass(frozen=True, slots=True)
class Step:
    """A stretch of what is stored: behind one thing up to another, of actions whose number is below `number`."""

    connection: Connection
    project_id: int
    number: int
    bounds: Mapping[str, Any]
    people: Mapping[str, People]

    @property
    def part(self) -> int:
        """Return what it goes through: 0 resources, 1 batches, 2 reports, 3 actions, 4 the end."""
        return int(self.bounds["part"])

    @property
    def start(self) -> tuple[str, int]:
        """Return the action and the row that it begins behind."""
        return self.bounds["behind_action"] or "", self.bounds["behind_row"] or 0

    async def fetch(self, query: LiteralString, behind: tuple[str, int], **more: Any) -> list[dict[str, Any]]:
        """Return what the query finds next in the step, behind this action and row."""
        params = {
            "project_id": self.project_id,
            "number": self.number,
            "behind_action": behind[0],
            "behind_row": behind[1],
            "last_action": self.bounds["last_action"],
            "last_row": self.bounds["last_row"],
        }
        return await (await self.connection.execute(query, {**params, **more}, binary=True)).fetchall()

    async def write(self, query: LiteralString, action_id: str, **values: Any) -> int:
        """Execute a statement about an action of the project; return how many rows it changed."""
        of_action = {"project_id": self.project_id, "action_id": action_id}
        return (await self.connection.execute(query, {**of_action, **values})).rowcount
