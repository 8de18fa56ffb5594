"""Wrong credentials in PostgreSQL: what two processes have counted is counted together, whoever comes first."""

import asyncio

from tallykeep.tenants.limits.wrong_credentials import WrongCredentials
from tests.db.engine import open_engine
from tests.db.overtaking import overtake

KEY = ("app", "key")


def _one_wrong() -> WrongCredentials:
    wrong = WrongCredentials(3)
    wrong.add_wrong("192.0.2.1", KEY, "a guess")
    return wrong


async def _overtaken(database_url: str) -> None:
    async with open_engine(database_url) as engine:
        await _one_wrong()._share_some(engine.pool)
        await engine.query("UPDATE wrong_credentials SET ends_at = now() - interval '1 s' RETURNING 1")
        early, late = _one_wrong(), _one_wrong()
        await overtake(engine, "wrong_credentials", early._share_some, late._share_some)
        assert {row["count"] for row in await engine.query("SELECT count FROM wrong_credentials")} == {2}


def test_a_process_that_is_overtaken_at_the_begin_of_a_minute_forgets_nothing(database_url: str) -> None:
    asyncio.run(_overtaken(database_url))
