"""Taking a metadata key off every resource of a kind, a range of keys at a time."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from psycopg import sql

from tallykeep.db.pool import Connection
from tallykeep.db.queries import queries
from tallykeep.errors import NotFoundError
from tallykeep.model import ClaimedPortion, Failure, Row
from tallykeep.resources.upserts.moments import MOMENTS

_sql = queries(__package__, "metadata_purge.sql")

_COUNTS: dict[str, LiteralString] = {
    "voucher": _sql.count_voucher,
    "campaign": _sql.count_campaign,
    "customer": _sql.count_customer,
    "product": _sql.count_product,
    "order": _sql.count_order,
}
_LOOKED_AT, _MOST_KEYS = 20_000, 200


async def count_carrying(connection: Connection, project_id: int, resource: str, key: str) -> int:
    """How many resources of this kind carry the key, and so would be reached by its purge; raises NotFoundError."""
    _require_known(resource)
    place = {"project_id": project_id, "key": key}
    counted = await (await connection.execute(_COUNTS[resource], place)).fetchone()
    return int(counted["total"]) if counted else 0


async def keys_in_use(connection: Connection, project_id: int, resource: str) -> dict[str, Any]:
    """The keys of this kind's newest resources by how many carry them: `looked_at`, `complete`, `keys`.

    Raises NotFoundError. What is older, or beyond so many keys, is not `complete`.
    """
    _require_known(resource)
    query = sql.SQL(_sql.keys_in_use).format(table=sql.Identifier(f"{resource}s"))
    bounds = {"project_id": project_id, "looked_at": _LOOKED_AT, "most": _MOST_KEYS}
    found = await (await connection.execute(query, bounds)).fetchone() or {"looked_at": 0, "different": 0, "keys": []}
    complete = found["looked_at"] < _LOOKED_AT and found["different"] <= _MOST_KEYS
    return {"looked_at": found["looked_at"], "complete": complete, "keys": found["keys"]}


def _require_known(resource: str) -> None:
    if resource not in _COUNTS:
        raise NotFoundError(f"The metadata of {resource} cannot be purged; that of {', '.join(_COUNTS)} can")


@dataclass(frozen=True, slots=True)
class Purge:
    """The two queries of one kind of resource: what cuts the ranges, and what purges one."""

    plan: LiteralString
    apply: LiteralString


class PurgePortion:
    """One range of resources, within the transaction that closes its portion."""

    def __init__(self, connection: Connection, claimed: ClaimedPortion, purge: Purge) -> None:
        self._connection = connection
        self._project_id = claimed.project_id
        self._moment = claimed.moment
        self._metadata_key = claimed.source.options["key"]
        self._purge = purge
        self._row_count = claimed.portion.row_count
        self._range: dict[str, Any] = {}

    def check(self, rows: Sequence[Row]) -> list[Failure]:
        """Take the range; a purge has no rows that could be wrong."""
        (row,) = rows
        self._range = row.value
        return []

    async def stage(self) -> None:
        """Purge the key off the range, into which no other portion reaches; who is without it by now needs nothing."""
        bounds = {"first": self._range["first"], "last": self._range["last"]}
        place = {"project_id": self._project_id, "key": self._metadata_key, "now": self._moment}
        place["first_moment"] = MOMENTS.take(self._row_count, self._moment)
        await self._connection.execute(self._purge.apply, {**place, **bounds})

    async def write(self) -> list[Failure]:
        """Nothing left to do."""
        return []

    def created(self) -> Mapping[str, int]:
        """A purge creates nothing."""
        return {}

    def report(self) -> str:
        """Purges have no report file."""
        return ""

    def met(self) -> int | None:
        """Each row is one."""
        return None


def purge_portion(purge: Purge) -> Callable[[Connection, ClaimedPortion], Awaitable[PurgePortion]]:
    """What begins a portion of this purge."""

    async def begin(connection: Connection, claimed: ClaimedPortion) -> PurgePortion:
        return PurgePortion(connection, claimed, purge)

    return begin


def purge_plan(purge: Purge) -> Callable[[Connection, int, str, dict[str, Any], int], Awaitable[None]]:
    """What cuts the resources that carry the key into portions."""

    async def plan(connection: Connection, project_id: int, action_id: str, options: dict[str, Any], rows: int) -> None:
        parameters = {"project_id": project_id, "action_id": action_id, "key": options["key"], "rows": rows}
        await connection.execute(purge.plan, parameters)

    return plan
