"""What an action type declares. The engine knows no type: it is handed a table of these declarations."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from tallykeep.db.pool import Connection
from tallykeep.model import Action, ClaimedPortion, Failure, Row


class Operation(Protocol):
    """What a type does with one portion, within the transaction that closes it: check, then stage, then write.

    A row that failed is returned as a Failure; every other row is done. An exception means a defect or an outage.
    """

    def check(self, rows: list[Row]) -> list[Failure]:
        """Validate rows without looking at other resources; called once."""
        ...

    async def stage(self) -> None:
        """Bring what passed to the database without touching resources; may run beside earlier portions."""
        ...

    async def write(self) -> list[Failure]:
        """Write the resources; every earlier portion of the action is closed by now."""
        ...


Begin = Callable[[Connection, ClaimedPortion], Awaitable[Operation]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionType:
    """One row of the table of action types: how it is started, what it does, how its result reads."""

    name: str
    path: str
    summary: str
    status_code: int
    source: Literal["json", "csv"]
    noun: str
    failure_fields: tuple[str, ...]
    result: Callable[["ActionType", Action, list[Failure]], dict[str, Any]]
    begin: Begin


ActionTypes = Mapping[str, ActionType]
