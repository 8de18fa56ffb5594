"""A campaign deleted while its actions wait: every row fails and says why, in planned portions too."""

import asyncio
from collections.abc import AsyncIterator

import orjson

from tallykeep.resources.campaigns.store import create_campaign
from tests.db.engine import Bytes, open_engine


def test_rows_of_a_deleted_campaign_fail_with_the_reason(database_url: str) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield orjson.dumps([{"code": f"C{number}"} for number in range(5)])

    async def scenario() -> None:
        async with open_engine(database_url, portion_rows=4) as engine:
            async with engine.pool.connection() as connection:
                given = {"name": "Fall", "voucher": {"gift": {"amount": 1}}}
                campaign_id, _ = await create_campaign(connection, engine.project_id, given)
                options = {"campaign_id": campaign_id, "count": 10}
                asked = engine.submission("CAMPAIGN.VOUCHERS_GENERATE", options=options)
                async with connection.transaction():
                    accepted = await engine.acceptance.accept_planned(connection, asked)
            asked = engine.submission("CAMPAIGN.VOUCHERS_IMPORT", options={"campaign_id": campaign_id})
            imported = (await engine.acceptance.accept(asked, Bytes(body()))).action_id
            generation = accepted.action_id
            await engine.query("DELETE FROM campaigns RETURNING id")
            for action_id, rows in ((generation, 10), (imported, 5)):
                action = await engine.finish(action_id)
                assert (action["done_count"], action["failed_count"]) == (0, rows)
            reason = f"Cannot find campaign with id {campaign_id}"
            assert {failure["reason"] for failure in action["result"]["failed"]} == {reason}
            failed = await engine.query('SELECT "row" FROM failures WHERE action_id = %s ORDER BY 1', generation)
            assert [row["row"] for row in failed] == list(range(1, 11))

    asyncio.run(scenario())
