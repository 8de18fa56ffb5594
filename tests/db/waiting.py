"""Tests that go by order: who waits for whose transaction is seen in PostgreSQL before the next step is taken."""

import asyncio

from tests.db.engine import Engine

_WAITING = (
    "SELECT pid, pg_blocking_pids(pid) AS blocked_by FROM pg_stat_activity"
    " WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
)


async def until_set(event: asyncio.Event) -> None:
    """Wait for what a test has put in the way to be reached: a test that goes round it fails, and does not hang."""
    async with asyncio.timeout(30):
        await event.wait()


async def until_waiting(engine: Engine, *holders: int) -> set[int]:
    """Wait until somebody waits for each of these sessions, or for anybody; returns who waits."""
    async with asyncio.timeout(30):
        while True:
            waiting = {row["pid"]: set(row["blocked_by"]) for row in await engine.query(_WAITING)}
            awaited = set().union(*waiting.values()) if waiting else set()
            if waiting and awaited.issuperset(holders):
                return {pid for pid, blocked_by in waiting.items() if not holders or blocked_by & set(holders)}
            await asyncio.sleep(0.01)
