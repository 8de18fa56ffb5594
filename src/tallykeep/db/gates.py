"""Gates: locks on what rows depend on, held while rows are written, and shut while the dependency is changed.

Who writes rows that depend on a parent, such as a campaign, holds the parent's gate until the transaction ends, beside
others who do. Who changes or deletes the parent shuts the gate: once all who hold it have ended, and before anybody who
came later. What is read behind a gate is still so when the rows are committed.

Gates are PostgreSQL's advisory locks: docs/decisions/0022-gates.md tells why.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from psycopg.errors import LockNotAvailable

from tallykeep.core.errors import ServiceUnavailableError
from tallykeep.db.connections.pool import Connection
from tallykeep.db.queries import queries

_sql = queries(__package__, "gates.sql")

# The dependencies of rows. The texts are both the gates' names and the words in messages.
PROJECT = "the project"
SCHEMAS = "the metadata schemas"
CATEGORIES = "the categories"
PRODUCTS = "the products"
_CAMPAIGN = "the campaign"
_ALWAYS_THERE = frozenset({PROJECT, SCHEMAS, CATEGORIES, PRODUCTS})

_TIMEOUT = 3  # seconds that a request waits for a gate, or behind it for a row
_RETRY_AFTER = 5
_SILENCE = "30s"  # after which the gates of a request whose process is stopped are opened again


def campaign_gate(campaign_id: str) -> str:
    """Return the gate of one campaign."""
    return f"{_CAMPAIGN} {campaign_id}"


async def hold(connection: Connection, project_id: int, *parents: str) -> datetime:
    """Hold the gates of what is written by an action, until the transaction ends; return the present behind them.

    To be called outside of savepoints: what is locked within one that is rolled back is not locked any more. Raises
    ValueError where there is none, and for a name that is none of a gate.
    """
    held = await (await connection.execute(_sql.hold, {"project_id": project_id, "held": _gates(parents)})).fetchall()
    timestamp: datetime = held[-1]["timestamp"]
    return timestamp


async def hold_if_open(connection: Connection, gates: Sequence[tuple[int, str]]) -> tuple[set[int], datetime]:
    """Hold these gates, each with its project, without waiting, until the transaction ends.

    Returns the projects all of whose gates are held, and the present behind them. Who shuts a gate, or waits to, goes
    first. Raises ValueError as `hold` does.
    """
    params = {"project_ids": [project_id for project_id, _ in gates], "held": _gates(gate for _, gate in gates)}
    rows = await (await connection.execute(_sql.hold_if_open, params)).fetchall()
    return {row["project_id"] for row in rows if row["held"]}, max(row["timestamp"] for row in rows)


async def hold_for_request(connection: Connection, project_id: int, *parents: str) -> datetime:
    """Hold the gates of what is written by a request, until its transaction ends; returns the present.

    Raises ServiceUnavailableError after a while, and ValueError as `hold` does.
    """
    return await _pass(connection, project_id, (), parents)


async def shut_for_request(
    connection: Connection, project_id: int, *parents: str, held: tuple[str, ...] = ()
) -> datetime:
    """Shut the gates of what a request is about to read and change, until its transaction ends; returns the present.

    Waits for the batches in hand and lets none pass that comes later. `held` are those that the request holds beside.
    Raises ServiceUnavailableError after a while, and ValueError as `hold` does.
    """
    return await _pass(connection, project_id, parents, held)


async def _pass(connection: Connection, project_id: int, changed: tuple[str, ...], held: tuple[str, ...]) -> datetime:
    _gates((*changed, *held))
    gates = {"project_id": project_id, "changed": list(changed), "held": list(held)}
    limits = {"timeout": f"{_TIMEOUT}s", "silence": _SILENCE}
    try:
        passed = await (await connection.execute(_sql.pass_gates, {**gates, **limits})).fetchall()
    except LockNotAvailable:
        raise _too_long(changed, held) from None
    timestamp: datetime = passed[-1]["timestamp"]
    return timestamp


def _gates(names: Iterable[str]) -> list[str]:
    """Return the names; raise ValueError for one that nobody shuts, which protects nothing, and where there is none."""
    gates = list(names)
    others = [name for name in gates if name not in _ALWAYS_THERE and not name.startswith(f"{_CAMPAIGN} ")]
    if others or not gates:
        raise ValueError(f"there is no gate of {', '.join(others) or 'nothing'}")
    return gates


def _too_long(changed: tuple[str, ...], held: tuple[str, ...]) -> ServiceUnavailableError:
    waited = f"for {_TIMEOUT} seconds. Nothing was changed; send the same request again in a moment"
    if changed:
        reason = f"An action has been writing what depends on {_joined_with_or(changed)} {waited}"
    else:
        reason = f"Another request, or an action, has kept {_joined_with_or(held)} from being used {waited}"
    refused = ServiceUnavailableError(reason)
    refused.headers["Retry-After"] = str(_RETRY_AFTER)
    return refused


def _joined_with_or(parents: tuple[str, ...]) -> str:
    *others, last = parents
    return f"{', '.join(others)} or {last}" if others else last
