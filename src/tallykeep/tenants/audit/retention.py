"""Retention of the audit log: only from its old end, and what verifying needs of that is kept: number and hash."""

from datetime import timedelta
from typing import Any

from tallykeep.db.connections.pool import Connection, Pool
from tallykeep.db.queries import queries

_sql = queries(__package__, "retention.sql")

_STEP = 2_000


async def remove_old_entries(pool: Pool, days: float) -> None:
    """Remove entries that are older, step by step, each project's oldest first."""
    age = timedelta(days=days)
    async with pool.connection() as connection:
        chains = await (await connection.execute(_sql.chains_to_shorten, {"age": age})).fetchall()
    for chain in chains:
        while await _remove_some(pool, {"project_id": chain["project_id"], "age": age}) == _STEP:
            pass


async def _remove_some(pool: Pool, of_chain: dict[str, Any]) -> int:
    """Remove a step of one chain's entries; returns how many."""
    async with pool.connection() as connection, connection.transaction():
        serialized = await (await connection.execute(_sql.serialize)).fetchone()
        chain = await (await connection.execute(_sql.lock_chain, of_chain)).fetchone()
        if chain is None or not (serialized and serialized["locked"]):
            return 0
        wanted = {**of_chain, **chain, "step": _STEP}
        last = await (await connection.execute(_sql.last_to_remove, wanted)).fetchone()
        return await _remove(connection, {**of_chain, **last}) if last else 0


async def _remove(connection: Connection, up_to: dict[str, Any]) -> int:
    """Remove entries; the right to do so ends with this transaction."""
    await connection.execute(_sql.allow_removing)
    removed = await connection.execute(_sql.remove_entries, up_to)
    await connection.execute(_sql.forbid_removing)
    await connection.execute(_sql.note_removed, up_to)
    return removed.rowcount
