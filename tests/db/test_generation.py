"""Generation is exact where room is short: as many codes as there are, whoever else takes and gives up some."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import patch

import psycopg
import pytest

from tallykeep.resources.campaigns.store import create_campaign
from tallykeep.resources.vouchers.writing import generated_codes as generated
from tallykeep.resources.vouchers.writing.generated_codes import Generated
from tests.db.engine import Engine, open_engine
from tests.db.waiting import until_waiting


async def campaign(engine: Engine, code_config: dict[str, Any], name: str = "Fall") -> str:
    async with engine.pool.connection() as connection:
        template = {"gift": {"amount": 1}, "code_config": code_config}
        campaign_id, _ = await create_campaign(connection, engine.project_id, {"name": name, "voucher": template})
    return campaign_id


async def generate(engine: Engine, campaign_id: str, count: int) -> str:
    submission = engine.submission(
        "CAMPAIGN.VOUCHERS_GENERATE", parameters={"campaign_id": campaign_id, "count": count}
    )
    async with engine.pool.connection() as connection, connection.transaction():
        return (await engine.acceptance.accept_planned(connection, submission)).action_id


async def codes(engine: Engine) -> list[str]:
    rows = await engine.query("SELECT code FROM vouchers WHERE project_id = %s ORDER BY code", engine.project_id)
    return [row["code"] for row in rows]


async def take(connection: psycopg.AsyncConnection[Any], engine: Engine, code: str) -> None:
    await connection.execute(
        "INSERT INTO vouchers (project_id, code, id, type, created_at)"
        " VALUES (%s, %s, 'v_' || %s, 'GIFT_VOUCHER', now())",
        (engine.project_id, code, code),
    )


@asynccontextmanager
async def somebody(database_url: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """Another client of the database, in a transaction of its own."""
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        yield connection
        await connection.rollback()


def tally(action: dict[str, Any]) -> tuple[int, int, int]:
    return action["done_count"], action["failed_count"], action["created_count"]


def all_taken(count: int) -> str:
    return f"All {count:,} codes that the code_config allows are taken; make it allow more (length, charset or pattern)"


def test_every_code_there_is_can_be_generated(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=300) as engine:
            campaign_id = await campaign(engine, {"charset": "01234567899", "pattern": "C-###"})
            action = await engine.finish(await generate(engine, campaign_id, 1_000))
            assert tally(action) == (1_000, 0, 1_000)
            assert await codes(engine) == [f"C-{number:03}" for number in range(1_000)]
            await engine.query("DELETE FROM vouchers WHERE code IN ('C-007', 'C-500') RETURNING id")
            action_id = await generate(engine, campaign_id, 5)
            action = await engine.finish(action_id)
            assert tally(action) == (2, 3, 2)
            failed = await engine.query('SELECT "row", reason FROM failures WHERE action_id = %s ORDER BY 1', action_id)
            assert failed == [{"row": row, "reason": all_taken(1_000)} for row in (3, 4, 5)]
            assert len(await codes(engine)) == 1_000

    asyncio.run(scenario())


@pytest.mark.parametrize("concurrency", [1, 4])
def test_several_generations_beside_an_import_share_what_there_is(database_url: str, concurrency: int) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=7) as engine:
            rule = {"charset": "ABCDEF", "pattern": "##"}
            actions = [await generate(engine, await campaign(engine, rule, name), 20) for name in ("Fall", "Spring")]
            rows = [{"code": f"A{character}", "gift": {"amount": 1}} for character in "ABCDEF"]
            imported = await engine.submit_json(rows)
            while await engine.query("SELECT FROM async_actions WHERE status NOT IN ('DONE', 'FAILED')"):
                await asyncio.gather(*(engine.advance() for _ in range(concurrency)))
            done = [tally(await engine.get(action_id)) for action_id in (*actions, imported)]
            assert len(await codes(engine)) == 36
            assert sum(made for _, _, made in done) == 36  # 46 are wanted
            assert sum(failed for _, failed, _ in done) == 10
            assert all(sum(counts[:2]) == total for counts, total in zip(done, (20, 20, 6), strict=True))

    asyncio.run(scenario())


@pytest.mark.parametrize("kept", [True, False])
def test_a_code_that_somebody_has_written_is_waited_for(database_url: str, kept: bool) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, somebody(database_url) as other:
            campaign_id = await campaign(engine, {"charset": "XYZ", "pattern": "#"})
            await take(other, engine, "X")
            action_id = await generate(engine, campaign_id, 3)
            worker = asyncio.create_task(engine.advance())
            await until_waiting(engine, other.info.backend_pid)
            await (other.commit() if kept else other.rollback())
            await worker
            assert tally(await engine.get(action_id)) == ((2, 1, 2) if kept else (3, 0, 3))
            assert await codes(engine) == ["X", "Y", "Z"]

    asyncio.run(scenario())


def test_generations_of_one_space_go_one_after_another(database_url: str) -> None:
    """Each writes in several steps: two at a time would meet in a circle."""

    async def scenario() -> None:
        async with open_engine(database_url) as engine, somebody(database_url) as other:
            rule = {"charset": "XYZ", "pattern": "#"}
            actions = [await generate(engine, await campaign(engine, rule, name), 2) for name in ("Fall", "Spring")]
            for code in "XYZ":
                await take(other, engine, code)
            first = asyncio.create_task(engine.advance())
            (held_up,) = await until_waiting(engine, other.info.backend_pid)
            second = asyncio.create_task(engine.advance())
            await until_waiting(engine, held_up)
            await other.rollback()
            await asyncio.gather(first, second)
            assert sorted([tally(await engine.get(action_id)) for action_id in actions]) == [(1, 1, 1), (2, 0, 2)]

    asyncio.run(scenario())


def test_a_code_given_up_during_the_walk_is_found(database_url: str) -> None:
    free_of = Generated._free_of

    async def scenario() -> None:
        async with open_engine(database_url) as engine, somebody(database_url) as other:
            campaign_id = await campaign(engine, {"charset": "XY", "pattern": "#"})
            await take(other, engine, "X")
            await other.commit()

            async def check_and_see_it_deleted(self: Generated, codes: list[str]) -> Sequence[str]:
                free = await free_of(self, codes)
                if codes == ["X"]:
                    await other.execute("DELETE FROM vouchers WHERE code = 'X'")
                    await other.commit()
                return free

            with (
                patch.object(generated, "_MAX_CHARACTERS", 1),
                patch.object(Generated, "_draw", _none_drawn),
                patch.object(Generated, "_free_of", check_and_see_it_deleted),
            ):
                action = await engine.finish(await generate(engine, campaign_id, 2))
            assert tally(action) == (2, 0, 2)

    asyncio.run(scenario())


async def _none_drawn(_: Generated) -> bool:
    return False


def test_a_search_that_was_given_up_says_how_far_it_went(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, somebody(database_url) as other:
            campaign_id = await campaign(engine, {"charset": "XYZ", "pattern": "#"})
            for code in "XYZ":
                await take(other, engine, code)
            await other.commit()
            with patch.object(generated, "_MAX_TRIED", 2):
                action_id = await generate(engine, campaign_id, 2)
                await engine.finish(action_id)
            failed = await engine.query("SELECT DISTINCT reason FROM failures WHERE action_id = %s", action_id)
            assert failed[0]["reason"] == (
                "2 codes were tried of the 3 that the code_config allows, and too few of them were free;"
                " make it allow more (length, charset or pattern)"
            )

    asyncio.run(scenario())


def test_batches_do_not_go_through_codes_that_another_one_has_found_taken(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=10) as engine:
            campaign_id = await campaign(engine, {"charset": "0123456789", "pattern": "##"})
            await engine.finish(await generate(engine, campaign_id, 90))
            walks = []
            walk = Generated._walk

            async def counted(self: Generated) -> bool:
                walks.append(self.missing)
                return await walk(self)

            with patch.object(Generated, "_walk", counted):
                action = await engine.finish(await generate(engine, campaign_id, 60))
            assert tally(action) == (10, 50, 10)
            assert len(walks) <= 4, walks
            # Another action looks for itself.
            await engine.query("DELETE FROM vouchers WHERE code IN ('07', '50') RETURNING id")
            assert tally(await engine.finish(await generate(engine, campaign_id, 5))) == (2, 3, 2)

    asyncio.run(scenario())
