"""Gates: locks on what rows depend on, held while rows are written, and shut while the dependency is changed.

Who writes rows that depend on a parent, such as a campaign, holds the parent's gate until the transaction ends, beside
others who do. Who changes or deletes the parent shuts the gate: once all who hold it have ended, and before anybody who
came later. What is read behind a gate is still so when the rows are committed.

Gates are PostgreSQL's advisory locks: docs/decisions/0022-gates.md tells why.
"""

from collections.abc import Sequence
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

_TIMEOUT = 3  # seconds that a request waits for a gate, or behind it for a row
_RETRY_AFTER = 5
_SILENCE = "30s"  # after which the gates of a request whose process is stopped are opened again


def campaign_gate(campaign_id: str) -> str:
    """Return the gate of one campaign."""
    return f"{_CAMPAIGN} {campaign_id}"


async def hold(connection: Connection, project_id: int, *parents: str) -> datetime:
    """Hold the gates of what is written by an action, until the transaction ends; return the present behind them.

    To be called outside of savepoints: what is locked within one that is rolled back is not locked any more.
    """
    held = await (await connection.execute(_sql.hold, {"project_id": project_id, "held": list(parents)})).fetchall()
    timestamp: datetime = held[-1]["timestamp"]
    return timestamp


async def hold_if_open(connection: Connection, gates: Sequence[tuple[int, str]]) -> tuple[set[int], datetime]:
    """Hold these gates, each with its project, without waiting, until the transaction ends.

    Returns the projects all of whose gates are held, and the present behind them. Who shuts a gate, or waits to, goes
    first.
    """
    project_ids, held = zip(*gates, strict=True)
    params = {"project_ids": list(project_ids), "held": list(held)}
    rows = await (await connection.execute(_sql.hold_if_open, params)).fetchall()
    return {row["project_id"] for row in rows if row["held"]}, max(row["timestamp"] for row in rows)


async def hold_for_request(connection: Connection, project_id: int, *parents: str) -> datetime:
    """Hold the gates of what is written by a request, until its transaction ends; returns the present.

    Raises ServiceUnavailableError after a while.
    """
    return await _pass(connection, project_id, (), parents)


async def shut_for_request(
    connection: Connection, project_id: int, *parents: str, held: tuple[str, ...] = ()
) -> datetime:
    """Shut the gates of what a request is about to read and change, until its transaction ends; returns the present.

    Waits for the batches in hand and lets none pass that comes later. `held` are those that the request holds beside.
    Raises ServiceUnavailableError after a while.
    """
    return await _pass(connection, project_id, parents, held)


async def _pass(connection: Connection, project_id: int, changed: tuple[str, ...], held: tuple[str, ...]) -> datetime:
    gates = {"project_id": project_id, "changed": list(changed), "held": list(held)}
    limits = {"timeout": f"{_TIMEOUT}s", "silence": _SILENCE}
    try:
        passed = await (await connection.execute(_sql.pass_gates, {**gates, **limits})).fetchall()
    except LockNotAvailable:
        raise _too_long(changed, held) from None
    timestamp: datetime = passed[-1]["timestamp"]
    return timestamp


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
