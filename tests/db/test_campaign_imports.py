"""Imports into a campaign that meet each other, or other writers, at the same codes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from tallykeep.resources.campaigns.store import create_campaign
from tallykeep.resources.vouchers.single import create_voucher, delete_voucher
from tests.db.engine import Bytes, Engine, open_engine
from tests.db.holding import Holding, caller, tally, wait_for_blocked

NAME = "CAMPAIGN.VOUCHERS_IMPORT"


async def _campaign(engine: Engine, name: str = "Fall") -> str:
    body = {"name": name, "voucher": {"gift": {"amount": 1}}}
    async with engine.pool.connection() as connection, connection.transaction():
        campaign_id, _ = await create_campaign(connection, engine.project_id, body)
    return campaign_id


async def _submit(engine: Engine, campaign_id: str, *rows: dict[str, Any], name: str = NAME) -> str:
    async def body() -> AsyncIterator[bytes]:
        if name == NAME:
            yield orjson.dumps(rows)
        else:
            yield b"Code,Active,Category\n"
            for row in rows:
                yield f"{row['code']},{row.get('active', '')},{row.get('category', '')}\n".encode()

    submission = engine.submission(name, parameters={"campaign_id": campaign_id})
    return (await engine.acceptance.accept(submission, Bytes(body()))).action_id


async def _vouchers(engine: Engine) -> list[tuple[Any, ...]]:
    rows = await engine.query("SELECT code, active, category FROM vouchers ORDER BY code")
    return [tuple(row.values()) for row in rows]


@pytest.mark.parametrize("name", [NAME, f"{NAME}_CSV"])
def test_the_second_of_two_imports_of_the_same_new_codes_updates_them(database_url: str, name: str) -> None:
    async def scenario() -> None:
        holding = Holding((name,))
        async with open_engine(database_url, holding.action_types) as engine:
            campaign_id = await _campaign(engine)
            codes = [{"code": code} for code in ("A", "B", "C")]
            first = await _submit(engine, campaign_id, *codes, name=name)
            second = await _submit(engine, campaign_id, *({**row, "active": False} for row in codes), name=name)
            async with holding.in_hand(engine):
                later = asyncio.create_task(engine.advance())
                await wait_for_blocked(engine, 1)
            await later
            assert await tally(engine, first) == await tally(engine, second) == (3, 3, 0)
            created = await engine.query("SELECT created_count FROM async_actions ORDER BY number")
            assert [row["created_count"] for row in created] == [3, 0]
            assert await _vouchers(engine) == [(code, False, None) for code in ("A", "B", "C")]

    asyncio.run(scenario())


def test_a_code_that_is_written_elsewhere_meanwhile_is_refused(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, engine.pool.connection() as other:
            campaign_id = await _campaign(engine)
            rows = [{"code": "A"}, {"code": "B"}, {"code": "A"}]
            action_id = await _submit(engine, campaign_id, *rows, name=f"{NAME}_CSV")
            async with other.transaction():
                await create_voucher(other, engine.project_id, {"code": "A", "gift": {"amount": 5}})
                worker = asyncio.create_task(engine.advance())
                await wait_for_blocked(engine, 1)
            await worker
            assert await tally(engine, action_id) == (3, 1, 2)
            failed = await engine.query('SELECT "row", reason FROM failures ORDER BY 1')
            assert [tuple(row.values()) for row in failed] == [
                (row, "Voucher with code A already exists") for row in (1, 3)
            ]

    asyncio.run(scenario())


def test_a_code_that_is_deleted_while_it_is_met_is_written_by_the_next_try(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, engine.pool.connection() as other:
            campaign_id = await _campaign(engine)
            await tally(engine, await _submit(engine, campaign_id, {"code": "A"}))
            action_id = await _submit(engine, campaign_id, {"code": "A", "active": False}, {"code": "B"})
            async with other.transaction():
                await other.execute("SELECT FROM vouchers WHERE code = 'A' FOR UPDATE")
                worker = asyncio.create_task(engine.advance())
                await wait_for_blocked(engine, 1)
                await delete_voucher(other, caller(engine), "A", force=True)
            await worker
            assert (await engine.get(action_id))["done_count"] == 0  # nothing of that try is left
            assert await tally(engine, action_id) == (2, 2, 0)
            assert await _vouchers(engine) == [("A", False, None), ("B", True, None)]

    asyncio.run(scenario())


def test_rows_with_the_same_code_add_up_in_their_order(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            campaign_id = await _campaign(engine)
            rows = [
                {"code": "A", "active": "false"},
                {"code": "A", "category": "X"},
                {"code": "B", "category": "Y"},
                {"code": "A", "category": "Z"},
                {"code": "B", "active": "false"},
            ]
            for created in (2, 0):
                action_id = await _submit(engine, campaign_id, *rows, name=f"{NAME}_CSV")
                assert await tally(engine, action_id) == (5, 5, 0)
                assert (await engine.get(action_id))["created_count"] == created
                assert await _vouchers(engine) == [("A", False, "Z"), ("B", False, "Y")]

    asyncio.run(scenario())
