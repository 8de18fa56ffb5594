"""Campaigns that are deleted or changed while vouchers are made in them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import orjson
import pytest

from tallykeep.core.errors import NotFoundError
from tallykeep.resources.campaigns.list_spec import CAMPAIGNS
from tallykeep.resources.campaigns.operations import add_voucher
from tallykeep.resources.campaigns.single import create_in_campaign
from tallykeep.resources.campaigns.store import (
    change_campaign,
    create_campaign,
    list_campaigns,
    switch_campaign,
    take_out_campaign,
)
from tallykeep.resources.lists.query_string import read_selection
from tests.db.engine import Bytes, Engine, open_engine
from tests.db.holding import Holding, caller, changed_while_in_hand, tally, wait_for_blocked, wait_for_waiting

PERCENT = {"type": "PERCENT", "percent_off": 10.0}
ROWS = {"batch_rows": 4}


async def _campaign(engine: Engine, name: str = "Fall", **template: Any) -> str:
    body = {"name": name, "voucher": {"type": "DISCOUNT_VOUCHER", "discount": PERCENT, **template}}
    async with engine.pool.connection() as connection, connection.transaction():
        campaign_id, _ = await create_campaign(connection, engine.project_id, body)
    return campaign_id


async def _generate(engine: Engine, campaign_id: str, count: int) -> str:
    submission = engine.submission(
        "CAMPAIGN.VOUCHERS_GENERATE", parameters={"campaign_id": campaign_id, "count": count}
    )
    async with engine.pool.connection() as connection, connection.transaction():
        return (await engine.acceptance.accept_planned(connection, submission)).action_id


async def _import_into(engine: Engine, campaign_id: str, codes: list[str]) -> str:
    async def body() -> AsyncIterator[bytes]:
        yield orjson.dumps([{"code": code} for code in codes])

    submission = engine.submission("CAMPAIGN.VOUCHERS_IMPORT", parameters={"campaign_id": campaign_id})
    return (await engine.acceptance.accept(submission, Bytes(body()))).action_id


async def _delete(engine: Engine, campaign_id: str) -> str:
    """As the API does it."""
    parameters = {"campaign_id": campaign_id, "force": True, "deleted_by": "key"}
    submission = engine.submission("CAMPAIGN.VOUCHERS_DELETE", parameters=parameters)
    async with engine.pool.connection() as connection, connection.transaction():
        await take_out_campaign(connection, caller(engine), campaign_id, force=True)
        return (await engine.acceptance.accept_planned(connection, submission)).action_id


async def _change(engine: Engine, campaign_id: str, percent: int = 25) -> str:
    """As the API does it."""
    body = {"voucher": {"discount": {**PERCENT, "percent_off": percent}}}
    async with engine.pool.connection() as connection, connection.transaction():
        own_id, change = await change_campaign(connection, engine.project_id, campaign_id, body)
        submission = engine.submission("CAMPAIGN.VOUCHERS_UPDATE", parameters={"campaign_id": own_id, "change": change})
        return (await engine.acceptance.accept_planned(connection, submission)).action_id


async def _percents(engine: Engine) -> list[float]:
    rows = await engine.query("SELECT discount ->> 'percent_off' AS percent FROM vouchers")
    return [float(row["percent"]) for row in rows]


async def _reasons(engine: Engine, action_id: str) -> set[str]:
    rows = await engine.query("SELECT reason FROM failures WHERE action_id = %s", action_id)
    return {row["reason"] for row in rows}


@pytest.mark.parametrize("name", ["CAMPAIGN.VOUCHERS_GENERATE", "CAMPAIGN.VOUCHERS_IMPORT"])
def test_a_campaign_deleted_while_it_is_filled_leaves_no_vouchers(database_url: str, name: str) -> None:
    async def scenario() -> None:
        holding = Holding((name,))
        async with open_engine(database_url, holding.action_types, **ROWS) as engine:
            campaign_id = await _campaign(engine)
            filled = await _filled_by(engine, name, campaign_id)
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
        async with open_engine(database_url, holding.action_types, **ROWS) as engine:
            campaign_id = await _campaign(engine)
            filled = await _filled_by(engine, name, campaign_id)
            async with changed_while_in_hand(engine, holding, _change(engine, campaign_id)) as change:
                pass
            assert await tally(engine, change.result()) == (4, 4, 0)  # what was there; the others are made anew
            assert await tally(engine, filled) == (10, 10, 0)
            assert await _percents(engine) == [25.0] * 10

    asyncio.run(scenario())


async def _filled_by(engine: Engine, name: str, campaign_id: str) -> str:
    if name == "CAMPAIGN.VOUCHERS_GENERATE":
        return await _generate(engine, campaign_id, 10)
    return await _import_into(engine, campaign_id, [f"C{number}" for number in range(10)])


def test_a_batch_that_comes_behind_a_waiting_change_waits_for_it(database_url: str) -> None:
    """Otherwise batches that overlap would keep a change waiting for as long as there are any."""

    async def scenario() -> None:
        holding = Holding(("CAMPAIGN.VOUCHERS_IMPORT",))
        async with open_engine(database_url, holding.action_types, **ROWS) as engine:
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
                body = {"code": "A", "campaign_id": campaign_id}
                key = () if adds is create_in_campaign else (campaign_id,)
                async with engine.pool.connection() as connection:
                    return await adds(connection, engine.project_id, *key, body)

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
        async with open_engine(database_url, batch_rows=4) as engine:
            async with engine.pool.connection() as connection:
                campaign = {"name": "Fall", "voucher": {"gift": {"amount": 1}}}
                campaign_id, _ = await create_campaign(connection, engine.project_id, campaign)
                parameters = {"campaign_id": campaign_id, "count": 10}
                submission = engine.submission("CAMPAIGN.VOUCHERS_GENERATE", parameters=parameters)
                async with connection.transaction():
                    accepted = await engine.acceptance.accept_planned(connection, submission)
            submission = engine.submission("CAMPAIGN.VOUCHERS_IMPORT", parameters={"campaign_id": campaign_id})
            imported = (await engine.acceptance.accept(submission, Bytes(body()))).action_id
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


def test_of_two_campaigns_the_one_that_nothing_is_said_of_stays_as_it_is(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            other, changed = await _campaign(engine), await _campaign(engine, "Winter")
            before = await engine.query("SELECT * FROM campaigns WHERE id = %s", other)
            action_id = await _change(engine, changed)
            (action,) = await engine.query("SELECT source FROM async_actions WHERE id = %s", action_id)
            assert action["source"]["parameters"]["campaign_id"] == changed
            async with engine.pool.connection() as connection:
                await switch_campaign(connection, engine.project_id, changed, active=False)
            (after,) = await engine.query("SELECT active, voucher FROM campaigns WHERE id = %s", changed)
            assert (after["active"], after["voucher"]["discount"]["percent_off"]) == (False, 25)
            await _delete(engine, changed)
            assert await engine.query("SELECT * FROM campaigns") == before

    asyncio.run(scenario())


def test_a_campaign_keeps_its_category_until_it_is_given_another(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            campaign_id = await _campaign(engine)
            seen = []
            for body in ({"category": "Gifts"}, {"metadata": {"a": 1}}, {"category": "Toys"}, {"category": None}):
                async with engine.pool.connection() as connection, connection.transaction():
                    await change_campaign(connection, engine.project_id, campaign_id, body)
                (campaign,) = await engine.query("SELECT category FROM campaigns")
                seen.append(campaign["category"])
            assert seen == ["Gifts", "Gifts", "Toys", None]

    asyncio.run(scenario())


def test_a_purge_of_metadata_that_a_change_of_the_campaign_meets_is_not_undone_by_it(database_url: str) -> None:
    """The change writes the metadata anew that it has read: it has to wait for who is writing them."""

    async def scenario() -> None:
        holding = Holding(("CAMPAIGNS.METADATA_KEY_PURGE",))
        async with open_engine(database_url, holding.action_types) as engine:
            campaign_id = await _campaign(engine)
            await engine.query("UPDATE campaigns SET metadata = '{\"gone\": 1}' RETURNING id")
            submission = engine.submission("CAMPAIGNS.METADATA_KEY_PURGE", parameters={"key": "gone"})
            async with engine.pool.connection() as connection, connection.transaction():
                purge = (await engine.acceptance.accept_planned(connection, submission)).action_id
            async with holding.in_hand(engine):
                change = asyncio.create_task(_change(engine, campaign_id))
                await wait_for_blocked(engine, 1)
            await change
            assert await tally(engine, purge) == (1, 1, 0)
            assert await engine.query("SELECT metadata FROM campaigns") == [{"metadata": {}}]

    asyncio.run(scenario())


async def _names_with_status(engine: Engine, status: str) -> list[str]:
    selection = read_selection(CAMPAIGNS, [("campaign_status", status)])
    async with engine.pool.connection() as connection:
        page = await list_campaigns(connection, engine.project_id, selection, limit=10, page=1)
    assert {campaign["vouchers_generation_status"] for campaign in page["campaigns"]} <= {status}
    return sorted(campaign["name"] for campaign in page["campaigns"])


def test_campaigns_are_found_by_what_is_being_done_with_their_vouchers(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await _campaign(engine, "Idle")
            changed = await _campaign(engine, "Changed")
            await tally(engine, await _import_into(engine, changed, ["A"]))
            generation = await _generate(engine, await _campaign(engine, "Generated"), 1)
            imported = await _import_into(engine, await _campaign(engine, "Imported"), ["B"])
            change = await _change(engine, changed)
            assert await _names_with_status(engine, "IN_PROGRESS") == ["Generated"]
            assert await _names_with_status(engine, "MODIFYING") == ["Changed"]
            assert await _names_with_status(engine, "DONE") == ["Idle", "Imported"]
            for action_id in (generation, imported, change):
                await tally(engine, action_id)
            assert await _names_with_status(engine, "DONE") == ["Changed", "Generated", "Idle", "Imported"]

    asyncio.run(scenario())


def test_a_voucher_added_without_a_code_gets_one_by_its_own_rule_or_else_by_the_campaigns(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, engine.pool.connection() as connection:
            campaign_id = await _campaign(engine, code_config={"pattern": "FALL-##"})

            async def added(**body: Any) -> str:
                return await add_voucher(connection, engine.project_id, campaign_id, body)

            assert (await added()).startswith("FALL-")
            assert (await added(code_config={"pattern": "OWN-##"})).startswith("OWN-")
            assert await added(code="MINE", code_config={"pattern": "OWN-##"}) == "MINE"

    asyncio.run(scenario())
