"""Campaigns that are deleted or changed while vouchers are made in them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import orjson
import pytest

from tallykeep.errors import NotFoundError
from tallykeep.resources.campaigns.single import create_in_campaign
from tallykeep.resources.campaigns.store import change_campaign, create_campaign, take_out_campaign
from tallykeep.resources.campaigns.vouchers import add_voucher
from tests.db.engine import Bytes, Engine, open_engine
from tests.db.holding import Holding, caller, changed_while_in_hand, tally, wait_for_waiting

PERCENT = {"type": "PERCENT", "percent_off": 10.0}
ROWS = {"portion_rows": 4}


async def _campaign(engine: Engine) -> str:
    given = {"name": "Fall", "voucher": {"type": "DISCOUNT_VOUCHER", "discount": PERCENT}}
    async with engine.pool.connection() as connection, connection.transaction():
        campaign_id, _ = await create_campaign(connection, engine.project_id, given)
    return campaign_id


async def _generate(engine: Engine, campaign_id: str, count: int) -> str:
    asked = engine.submission("CAMPAIGN.VOUCHERS_GENERATE", options={"campaign_id": campaign_id, "count": count})
    async with engine.pool.connection() as connection, connection.transaction():
        return (await engine.acceptance.accept_planned(connection, asked)).action_id


async def _import_into(engine: Engine, campaign_id: str, codes: list[str]) -> str:
    async def body() -> AsyncIterator[bytes]:
        yield orjson.dumps([{"code": code} for code in codes])

    asked = engine.submission("CAMPAIGN.VOUCHERS_IMPORT", options={"campaign_id": campaign_id})
    return (await engine.acceptance.accept(asked, Bytes(body()))).action_id


async def _delete(engine: Engine, campaign_id: str) -> str:
    """As the API does it."""
    options = {"campaign_id": campaign_id, "force": True, "deleted_by": "key"}
    asked = engine.submission("CAMPAIGN.VOUCHERS_DELETE", options=options)
    async with engine.pool.connection() as connection, connection.transaction():
        await take_out_campaign(connection, caller(engine), campaign_id, force=True)
        return (await engine.acceptance.accept_planned(connection, asked)).action_id


async def _change(engine: Engine, campaign_id: str, percent: int = 25) -> str:
    """As the API does it."""
    given = {"voucher": {"discount": {**PERCENT, "percent_off": percent}}}
    async with engine.pool.connection() as connection, connection.transaction():
        found, change = await change_campaign(connection, engine.project_id, campaign_id, given)
        asked = engine.submission("CAMPAIGN.VOUCHERS_UPDATE", options={"campaign_id": found, "change": change})
        return (await engine.acceptance.accept_planned(connection, asked)).action_id


async def _percents(engine: Engine) -> list[float]:
    found = await engine.query("SELECT discount ->> 'percent_off' AS percent FROM vouchers")
    return [float(row["percent"]) for row in found]


async def _reasons(engine: Engine, action_id: str) -> set[str]:
    found = await engine.query("SELECT reason FROM failures WHERE action_id = %s", action_id)
    return {row["reason"] for row in found}


@pytest.mark.parametrize("name", ["CAMPAIGN.VOUCHERS_GENERATE", "CAMPAIGN.VOUCHERS_IMPORT"])
def test_a_campaign_deleted_while_it_is_filled_leaves_no_vouchers(database_url: str, name: str) -> None:
    async def scenario() -> None:
        holding = Holding((name,))
        async with open_engine(database_url, holding.kinds, **ROWS) as engine:
            campaign_id = await _campaign(engine)
            filled = await _filling(engine, name, campaign_id)
            async with changed_while_in_hand(engine, holding, _delete(engine, campaign_id)) as deletion:
                pass
            assert await tally(engine, filled) == (10, 4, 6)
            assert await tally(engine, deletion.result()) == (4, 4, 0)
            assert await engine.query("SELECT code FROM vouchers") == []
            reason = f"The campaign {campaign_id} was deleted before this was written; use another campaign"
            assert await _reasons(engine, filled) == {reason}

    asyncio.run(scenario())


@pytest.mark.parametrize("name", ["CAMPAIGN.VOUCHERS_GENERATE", "CAMPAIGN.VOUCHERS_IMPORT"])
def test_a_campaign_changed_while_it_is_filled_has_no_voucher_as_it_was_before(database_url: str, name: str) -> None:
    async def scenario() -> None:
        holding = Holding((name,))
        async with open_engine(database_url, holding.kinds, **ROWS) as engine:
            campaign_id = await _campaign(engine)
            filled = await _filling(engine, name, campaign_id)
            async with changed_while_in_hand(engine, holding, _change(engine, campaign_id)) as change:
                pass
            assert await tally(engine, change.result()) == (4, 4, 0)  # what was there; the others are made anew
            assert await tally(engine, filled) == (10, 10, 0)
            assert await _percents(engine) == [25.0] * 10

    asyncio.run(scenario())


async def _filling(engine: Engine, name: str, campaign_id: str) -> str:
    if name == "CAMPAIGN.VOUCHERS_GENERATE":
        return await _generate(engine, campaign_id, 10)
    return await _import_into(engine, campaign_id, [f"C{number}" for number in range(10)])


def test_a_portion_that_comes_behind_a_waiting_change_waits_for_it(database_url: str) -> None:
    """Otherwise portions that overlap would keep a change waiting for as long as there are any."""

    async def scenario() -> None:
        holding = Holding(("CAMPAIGN.VOUCHERS_IMPORT",))
        async with open_engine(database_url, holding.kinds, **ROWS) as engine:
            campaign_id = await _campaign(engine)
            first = await _import_into(engine, campaign_id, ["A"])
            second = await _import_into(engine, campaign_id, ["B"])
            async with holding.in_hand(engine):
                change = asyncio.create_task(_change(engine, campaign_id))
                await wait_for_waiting(engine, 1)
                later = asyncio.create_task(engine.advance())
                await wait_for_waiting(engine, 2)
            await asyncio.gather(change, later)
            assert await tally(engine, first) == await tally(engine, second) == (1, 1, 0)
            percents = await engine.query("SELECT discount ->> 'percent_off' AS percent FROM vouchers ORDER BY code")
            assert [row["percent"] for row in percents] == ["10.0", "25"]  # A came before the change, B behind it
            await tally(engine, change.result())
            assert await _percents(engine) == [25.0, 25.0]

    asyncio.run(scenario())


@pytest.mark.parametrize("adds", [add_voucher, create_in_campaign])
def test_a_voucher_added_to_a_campaign_that_is_being_deleted(
    database_url: str, adds: Callable[..., Awaitable[str]]
) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, engine.pool.connection() as deleter:
            campaign_id = await _campaign(engine)

            async def add() -> str:
                given = {"code": "A", "campaign_id": campaign_id}
                key = () if adds is create_in_campaign else (campaign_id,)
                async with engine.pool.connection() as connection:
                    return await adds(connection, engine.project_id, *key, given)

            async with deleter.transaction():
                await take_out_campaign(deleter, caller(engine), campaign_id, force=True)
                adding = asyncio.create_task(add())
                await wait_for_waiting(engine, 1)
            with pytest.raises(NotFoundError):
                await adding
            assert await engine.query("SELECT code FROM vouchers") == []

    asyncio.run(scenario())


def test_a_deletion_waits_for_a_voucher_that_is_being_added(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, engine.pool.connection() as adder:
            campaign_id = await _campaign(engine)
            async with adder.transaction():
                await add_voucher(adder, engine.project_id, campaign_id, {"code": "A"})
                deleting = asyncio.create_task(_delete(engine, campaign_id))
                await wait_for_waiting(engine, 1)
            assert await tally(engine, await deleting) == (1, 1, 0)
            assert await engine.query("SELECT code FROM vouchers") == []

    asyncio.run(scenario())


def test_a_campaign_deleted_before_its_change_could_begin_stays_deleted(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, engine.pool.connection() as deleter:
            campaign_id = await _campaign(engine)
            async with deleter.transaction():
                await take_out_campaign(deleter, caller(engine), campaign_id, force=True)
                changing = asyncio.create_task(_change(engine, campaign_id))
                await wait_for_waiting(engine, 1)
            with pytest.raises(NotFoundError):
                await changing
            assert await engine.query("SELECT FROM async_actions") == []

    asyncio.run(scenario())


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
            reason = f"The campaign {campaign_id} was deleted before this was written; use another campaign"
            assert {failure["reason"] for failure in action["result"]["failed"]} == {reason}
            failed = await engine.query('SELECT "row" FROM failures WHERE action_id = %s ORDER BY 1', generation)
            assert [row["row"] for row in failed] == list(range(1, 11))

    asyncio.run(scenario())
