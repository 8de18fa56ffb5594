"""The audit log in tests: entries as they are in the database, chained or not, and verdicts on the chain."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tallykeep.core.audit.entry import Entry
from tallykeep.core.audit.events import Event
from tallykeep.tenants.audit.chainer import Chainer
from tallykeep.tenants.audit.entries import add_entry
from tallykeep.tenants.audit.verify import Anchor, Verdict, verify
from tests.db.engine import Engine, open_engine

Scenario = Callable[[Engine], Awaitable[None]]

_COLUMNS = (
    "project_id, id, created_at, event, outcome, door, key_id, key_kind, token_id, session_id, address, request_id,"
    " action_id, resource_type, resource_id, details"
)
_ALL = (
    f"SELECT {_COLUMNS}, NULL::bigint AS number FROM audit_pending UNION ALL SELECT {_COLUMNS}, number FROM audit_log"
)


def entries_in(database_url: str, where: str = "true", *parameters: Any) -> list[dict[str, Any]]:
    """Entries, oldest first, whether they are chained by now or not."""
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        query = f"SELECT * FROM ({_ALL}) AS entries WHERE {where} ORDER BY created_at, id"
        return connection.execute(query, parameters).fetchall()  # type: ignore[call-overload,no-any-return]


def verdicts_on(database_url: str, project: str | None = None, anchor: str | None = None) -> list[Verdict]:
    with psycopg.connect(database_url) as connection:
        return verify(connection, project, Anchor.read(anchor) if anchor else None)


def verdict_on(database_url: str, anchor: str | None = None) -> Verdict:
    """The verdict on the only project that has entries."""
    (verdict,) = [each for each in verdicts_on(database_url) if each.last or each.pending or each.problem]
    return verdicts_on(database_url, verdict.project, anchor)[0] if anchor else verdict


async def add(engine: Engine, count: int = 1, **facts: Any) -> list[Entry]:
    """Entries, each by a transaction of its own."""
    added = []
    for number in range(count):
        known = {"project_id": engine.project_id, "event": Event.VOUCHER_DELETE, "resource_id": f"C{number}"}
        entry = Entry(**{**known, **facts})
        async with engine.pool.connection() as connection:
            await add_entry(connection, entry)
        added.append(entry)
    return added


async def chain(engine: Engine) -> None:
    await Chainer(engine.pool).chain()


async def chained(engine: Engine) -> list[dict[str, Any]]:
    return await engine.query("SELECT * FROM audit_log WHERE project_id = %s ORDER BY number", engine.project_id)


def with_engine(database_url: str, scenario: Scenario) -> None:
    async def run() -> None:
        async with open_engine(database_url) as engine:
            await scenario(engine)

    asyncio.run(run())


def five_entries(database_url: str) -> str:
    """A chain of five; returns its anchor."""

    async def scenario(engine: Engine) -> None:
        await add(engine, 5)
        await chain(engine)

    with_engine(database_url, scenario)
    return verdict_on(database_url).anchor


def tamper(database_url: str, sql: str, *parameters: Any) -> None:
    """What somebody does who may do anything to the database."""
    with psycopg.connect(database_url) as connection:
        assert connection.execute(sql, parameters).rowcount > 0  # type: ignore[call-overload]
