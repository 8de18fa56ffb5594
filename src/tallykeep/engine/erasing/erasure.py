"""The operation of an erasure: a step at a time, through everything that was stored before it was accepted.

A step is written once all before it are: the first may find more of the person, such as another id, and the last
forgets who it was.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from tallykeep.core.action_type import Begin, People
from tallykeep.core.batch import ClaimedBatch
from tallykeep.core.operation import Operation
from tallykeep.core.rows import Failure, Row
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.engine.erasing.actions import erase_from_actions
from tallykeep.engine.erasing.batches import erase_from_batches
from tallykeep.engine.erasing.reports import erase_from_reports
from tallykeep.engine.erasing.steps import Step
from tallykeep.formats.people.person import Person

_sql = queries(__package__, "erasing.sql")

_NOT_SEARCHED = (
    "Rows of the customer may be there: restore what is damaged from a backup, or wait until retention has removed it,"
    " and retry the erasure"
)
_MAX_NAMED = 20

# Deletes the person's resources; returns how many, and what these tell of the person beyond what is known.
DeleteResources = Callable[[Connection, int, Person], Awaitable[tuple[int, Person]]]
# Returns why somebody who was taken for gone is not; None where they are.
WhyNotGone = Callable[[Connection, int, Person], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the project's data: which customers the rows of a type name, by type, and their resources."""

    people: Mapping[str, People]
    delete_resources: DeleteResources
    why_not_gone: WhyNotGone


class ErasureStep(Operation):
    """One step, within the transaction that closes its batch."""

    def __init__(self, connection: Connection, claimed: ClaimedBatch, known: Known) -> None:
        self._connection = connection
        self._claimed = claimed
        self._known = known
        self._bounds: dict[str, Any] = {}
        self._erased = 0
        self._failures: list[Failure] = []

    def check(self, rows: Sequence[Row]) -> list[Failure]:
        """Take the step's bounds; there are no rows that could be wrong."""
        (row,) = rows
        self._bounds = row.value
        return []

    async def stage(self) -> None:
        """Do nothing: who the person is, the steps before tell."""

    async def write(self) -> list[Failure]:
        """Erase what the step comes to. The one that deletes resources fails where customers with the address stay.

        Raises LookupError where the action is not there any more.
        """
        key = self._claimed.action_key
        kept = await (await self._connection.execute(_sql.get_person, key)).fetchone()
        if kept is None:
            raise LookupError(f"the action {self._claimed.action_id} is not there any more")
        person = Person.from_json(kept["person"] or {})
        step = Step(self._connection, self._claimed.project_id, kept["number"], self._bounds, self._known.people)
        self._erased = await self._take(step, person)
        if step.part == 0 and kept["is_gone"]:
            await self._require_gone(person)
        return self._failures

    async def _take(self, step: Step, person: Person) -> int:
        match step.part:
            case 0:
                return await self._delete_resources(person)
            case 1:
                return await self._erase_from_batches(step, person)
            case 2:
                await erase_from_reports(step, person)
            case 3:
                await erase_from_actions(step, person)
            case _:
                await self._connection.execute(_sql.forget_person, self._claimed.action_key)
        return 0

    async def _erase_from_batches(self, step: Step, person: Person) -> int:
        """Erase from all batches that can be read, and fail where others may be about the person, too."""
        erased, damaged = await erase_from_batches(step, person)
        if damaged:
            named = "; ".join(error.details for error in damaged[:_MAX_NAMED])
            others = f"; so are {more} others" if (more := len(damaged) - _MAX_NAMED) > 0 else ""
            reason = f"{named}{others}. {_NOT_SEARCHED}"
            self._failures.append(Failure(self._claimed.batch.first_row, None, reason, damaged[0].key))
        return erased

    async def _delete_resources(self, person: Person) -> int:
        """Delete the customer, whom an action that was under way may have made anew, and what belongs to them."""
        deleted, more = await self._known.delete_resources(self._connection, self._claimed.project_id, person)
        kept = {**self._claimed.action_key, "person": Jsonb(person.joined([more]).to_json())}
        await self._connection.execute(_sql.keep_person, kept)
        return deleted

    async def _require_gone(self, person: Person) -> None:
        """Fail where an action that was under way has made customers with the address, which may be others' as well."""
        reason = await self._known.why_not_gone(self._connection, self._claimed.project_id, person)
        if reason is not None:
            self._failures.append(Failure(self._claimed.batch.first_row, None, reason))

    def met(self) -> int | None:
        """Return how many customers, orders and rows were erased; a failed step counts as one more."""
        return self._erased + len(self._failures)


def begin_erasure(known: Known) -> Begin:
    """Return what begins a step."""

    async def begin(connection: Connection, claimed: ClaimedBatch) -> ErasureStep:
        return ErasureStep(connection, claimed, known)

    return begin
