"""The base class of operations. An operation is what an action type does with the rows of one batch."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from psycopg import AsyncConnection
from psycopg.rows import DictRow

from tallykeep.core.rows import Failure, Row

Connection = AsyncConnection[DictRow]


class Operation(ABC):
    """Works on one batch, within the transaction that closes it: check, then stage, then write.

    A row that failed is returned as a Failure; every other row is done. An exception means a defect or an outage.
    """

    @abstractmethod
    def check(self, rows: Sequence[Row]) -> list[Failure]:
        """Validate rows without reading other resources; called once, perhaps in another thread."""

    @abstractmethod
    async def stage(self) -> None:
        """Write rows that passed to the database, beside earlier batches: nothing may depend on what those write."""

    @abstractmethod
    async def write(self) -> list[Failure]:
        """Write the resources; every earlier batch of the action is closed by now."""

    def created(self) -> Mapping[str, int]:
        """Return the keys of the resources that writing created, each with its row. The other rows updated."""
        return {}

    def report(self) -> str:
        """Return this batch's lines of the action's report file, as CSV; asked only of types that have one."""
        return ""

    def met(self) -> int | None:
        """Return how many resources planned work found to change by then; None where each row is one."""
        return None
