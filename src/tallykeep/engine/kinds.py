"""What an action type declares. The engine knows no type: it is handed a table of these declarations."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
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

    def report(self) -> str:
        """What this portion adds to the action's report file, as lines of CSV; empty for types without one."""
        ...


@dataclass(frozen=True, slots=True)
class Report:
    """A link to an action's report file, and until when it works."""

    url: str
    available_till: datetime


Result = Callable[["ActionType", Action, list[Failure], Report | None], dict[str, Any]]
Target = Callable[[Connection, int, str], Awaitable[dict[str, Any]]]
Plan = Callable[[Connection, int, str, dict[str, Any], int], Awaitable[None]]
Begin = Callable[[Connection, ClaimedPortion], Awaitable[Operation]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionType:
    """One row of the table of action types: how it is started, what it does, how its result reads."""

    name: str
    path: str
    summary: str
    status_code: int = 202
    source: Literal["json", "csv", "ids", "planned"]
    may_be_empty: bool = False  # no body at all counts as no rows
    ids: tuple[str, ...] = ()  # for source "ids": the body's properties that hold the keys
    noun: str
    verb: str = ""
    failure_fields: tuple[str, ...] = ()
    keyless: str | None = None  # what a failed row without a key shows in its place
    report_header: tuple[str, ...] = ()
    sequence: str | None = None
    target: Target | None = None  # what the path's {target} means, as options of the action
    unique_key: str | None = None  # rows without it, or with it twice, refuse a whole JSON submission
    result: Result
    begin: Begin
    plan: Plan | None = None  # for source "planned": what makes the portions


ActionTypes = Mapping[str, ActionType]
