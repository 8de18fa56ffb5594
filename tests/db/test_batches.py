"""Batches: which one is taken up next, and what becomes of rows that name the same code within one."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from tallykeep.engine.applying.claim import claim_batch
from tests.db.engine import open_engine
from tests.db.test_applying import gifts
from tests.postgres import quiet_settings

_BY_INDEX = ("indexscan", "indexonlyscan", "bitmapscan")


def test_the_first_open_batch_is_taken_up_first_wherever_it_is_stored(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=1) as engine:
            action_id = await engine.submit_csv(gifts(5))
            for first_row in (2, 1):  # each is stored anew, behind the others
                await engine.query("UPDATE batches SET lines = lines WHERE first_row = %s RETURNING 1", first_row)
            async with engine.pool.connection() as connection, connection.transaction():
                for way in _BY_INDEX:
                    await connection.execute(f"SET LOCAL enable_{way} = off")
                stored = await (await connection.execute("SELECT first_row FROM batches")).fetchall()
                assert [row["first_row"] for row in stored] == [3, 4, 5, 2, 1]  # and three may be in hand
                claimed = await claim_batch(connection, engine.project_id, action_id, quiet_settings())
                assert claimed
                assert claimed.batch.first_row == 1

    asyncio.run(scenario())


CSV = "Code,Voucher Type,Value\nA,GIFT_VOUCHER,1\nB,GIFT_VOUCHER,1\nA,GIFT_VOUCHER,2\nB,LOYALTY_CARD,2\n"
JSON = [{"code": code, "gift": {"amount": amount}} for code, amount in (("A", 1), ("B", 1), ("A", 2), ("B", 2))]


@pytest.mark.parametrize(("rows", "counts"), [(CSV, (3, 1, 2)), (JSON, (2, 2, 2))], ids=["csv", "json"])
def test_rows_of_one_code_are_taken_together_without_a_defect(
    database_url: str, rows: Any, counts: tuple[int, int, int]
) -> None:
    """A defect here would be hidden: batches are halved until no code is in one of them twice."""

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            submitted = engine.submit_csv(rows) if isinstance(rows, str) else engine.submit_json(rows)
            with capture_logs() as entries:
                action = await engine.finish(await submitted)
            assert (action["done_count"], action["failed_count"], action["created_count"]) == counts
            assert [entry for entry in entries if entry["event"] == "rows failed"] == []

    asyncio.run(scenario())
