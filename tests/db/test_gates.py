"""Gates: who changes what rows depend on waits for those who hold it, and those who come later wait for the change."""

import asyncio

import psycopg
import pytest

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core.errors import ServiceUnavailableError
from tallykeep.db import gates
from tallykeep.resources.categories.store import create_category
from tests.db.engine import open_engine
from tests.db.holding import gates_taken, wait_for_waiting

_ROWS_OF_VOUCHERS = ("the project", "the metadata schemas", "the categories")
_ROWS_WITH_METADATA = ("the project", "the metadata schemas")
DEPEND_ON = {
    "CAMPAIGN.VOUCHERS_IMPORT": (*_ROWS_OF_VOUCHERS, "the campaign camp_1"),
    "CAMPAIGN.VOUCHERS_IMPORT_CSV": (*_ROWS_OF_VOUCHERS, "the campaign camp_1"),
    "CAMPAIGN.VOUCHERS_GENERATE": ("the project", "the categories", "the campaign camp_1"),
    "CAMPAIGN.VOUCHERS_UPDATE": ("the project", "the campaign camp_1"),
    "CAMPAIGN.VOUCHERS_DELETE": ("the project", "the campaign camp_1"),
    "CAMPAIGNS.METADATA_KEY_PURGE": ("the project",),
    "VOUCHERS.IMPORT": _ROWS_OF_VOUCHERS,
    "VOUCHERS.IMPORT_CSV": _ROWS_OF_VOUCHERS,
    "VOUCHERS.BULK_UPDATE": _ROWS_WITH_METADATA,
    "VOUCHERS.METADATA_UPDATE": _ROWS_WITH_METADATA,
    "VOUCHERS.METADATA_KEY_PURGE": ("the project",),
    "CUSTOMERS.IMPORT_CSV": _ROWS_WITH_METADATA,
    "CUSTOMERS.BULK_UPDATE": _ROWS_WITH_METADATA,
    "CUSTOMERS.METADATA_UPDATE": _ROWS_WITH_METADATA,
    "CUSTOMERS.METADATA_KEY_PURGE": ("the project",),
    "CUSTOMERS.PERMANENT_DELETION": ("the project",),
    "PRODUCTS.IMPORT_CSV": _ROWS_WITH_METADATA,
    "PRODUCTS.BULK_UPDATE": _ROWS_WITH_METADATA,
    "PRODUCTS.METADATA_UPDATE": _ROWS_WITH_METADATA,
    "PRODUCTS.METADATA_KEY_PURGE": ("the project",),
    "SKUS.IMPORT_CSV": (*_ROWS_WITH_METADATA, "the products"),
    "ORDERS.IMPORT": (*_ROWS_WITH_METADATA, "the products"),
    "ORDERS.METADATA_KEY_PURGE": ("the project",),
}


def test_every_action_type_says_what_its_rows_depend_on() -> None:
    assert {
        name: action_type.gates({"campaign_id": "camp_1"}) for name, action_type in ACTION_TYPES.items()
    } == DEPEND_ON


def test_a_change_between_two_batches_of_an_action_lets_the_earlier_one_go_first(database_url: str) -> None:
    """The later one holds the gate and waits for the earlier one, which comes behind the change: PostgreSQL lets it
    pass, without any error."""

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            key = (engine.project_id, "aa_1")
            gate = gates.campaign_gate("camp_1")
            async with (
                engine.pool.connection() as earlier,
                engine.pool.connection() as later,
                engine.pool.connection() as changer,
            ):
                order: list[str] = []
                async with earlier.transaction(), later.transaction():
                    await earlier.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", key)  # its batch
                    await gates.hold(later, engine.project_id, gate)

                    async def change() -> None:
                        async with changer.transaction():
                            await gates.shut_for_request(changer, engine.project_id, gate)
                            order.append("change")

                    changing = asyncio.create_task(change())
                    await wait_for_waiting(engine, 1)
                    waiting = asyncio.create_task(
                        later.execute("SELECT pg_advisory_xact_lock_shared(%s, hashtext(%s))", key)
                    )
                    await wait_for_waiting(engine, 2)
                    await gates.hold(earlier, engine.project_id, gate)
                    order.append("earlier")
                    await earlier.execute("COMMIT")
                    await waiting
                    order.append("later")
                    assert not changing.done()
                await changing
            assert order == ["earlier", "later", "change"]

    asyncio.run(scenario())


def test_who_waits_too_long_gives_its_place_back_and_is_told_why(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gates, "_TIMEOUT", 0.1)

    async def scenario() -> None:
        async with (
            open_engine(database_url) as engine,
            engine.pool.connection() as batch,
            engine.pool.connection() as changer,
        ):
            async with batch.transaction():
                await gates.hold(batch, engine.project_id, gates.CATEGORIES)
                with pytest.raises(ServiceUnavailableError, match="writing what depends on the categories") as refused:
                    async with asyncio.timeout(30):
                        await create_category(changer, engine.project_id, {"name": "New"})
                assert refused.value.headers["Retry-After"] == "5"
                assert await gates_taken(engine, granted=False) == 0
            await create_category(changer, engine.project_id, {"name": "New"})

    asyncio.run(scenario())


def test_gates_of_projects_and_of_campaigns_are_their_own(database_url: str) -> None:
    async def scenario() -> None:
        async with (
            open_engine(database_url) as engine,
            open_engine(database_url) as other,
            engine.pool.connection() as first,
            engine.pool.connection() as second,
            first.transaction(),
            second.transaction(),
        ):
            await second.execute("SET LOCAL lock_timeout = '5s'")
            await gates.shut_for_request(first, engine.project_id, gates.SCHEMAS, gates.campaign_gate("camp_1"))
            await gates.hold(second, engine.project_id, gates.PROJECT, gates.campaign_gate("camp_2"))
            await gates.shut_for_request(second, other.project_id, gates.SCHEMAS, gates.campaign_gate("camp_1"))
            assert await gates_taken(engine, granted=True) == 6
            with pytest.raises(psycopg.errors.LockNotAvailable):
                await second.execute("SET LOCAL lock_timeout = '10ms'")
                await gates.hold(second, engine.project_id, gates.SCHEMAS)

    asyncio.run(scenario())


@pytest.mark.parametrize("names", [(), ("the campaings",), (gates.PROJECT, "camp_1"), ("",), ("the campaign",)])
def test_a_gate_that_nobody_shuts_is_held_by_nobody(database_url: str, names: tuple[str, ...]) -> None:
    async def scenario() -> None:
        async with (
            open_engine(database_url) as engine,
            engine.pool.connection() as connection,
            connection.transaction(),
        ):
            project_id = engine.project_id
            for taking in (
                gates.hold(connection, project_id, *names),
                gates.hold_if_open(connection, [(project_id, name) for name in names]),
                gates.hold_for_request(connection, project_id, *names),
                gates.shut_for_request(connection, project_id, *names),
            ):
                with pytest.raises(ValueError, match="there is no gate of"):
                    await taking
            assert await gates_taken(engine, granted=True) == 0

    asyncio.run(scenario())
