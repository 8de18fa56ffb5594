"""The base class of operations. An operation is what an action type does with the rows of one batch."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from psycopg import AsyncConnection
from psycopg.rows import DictRow

from tallykeep.core.batch import ClaimedBatch
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


class JointOperation(ABC):
    """Works on small batches of several actions, within the one transaction that closes all of them.

    It is there for what is usual. What is not is left out, and has an operation of its own.
    """

    @abstractmethod
    def check(self, claimed: ClaimedBatch, rows: Sequence[Row]) -> list[Failure]:
        """Validate the rows of one batch without reading other resources; called once for each, perhaps in a thread.

        An exception, such as CannotJoinError, leaves this batch out.
        """

    @abstractmethod
    async def write(self) -> list[tuple[ClaimedBatch, Mapping[str, int]]]:
        """Write the rows that passed, of as many batches as possible; return these, each with the keys it created.

        Of the others nothing is written. An exception leaves all of them out.
        """
