"""Webhooks of an engine's project, and what they are to hear."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.engine.webhooks.deliverer import Deliverer
from tallykeep.engine.webhooks.registry import Registry
from tallykeep.engine.webhooks.sending import Sender
from tests.db.engine import Engine, open_engine
from tests.receiver import Receiver, receiving

ALL = ["async_action.started", "async_action.failures_exceeded", "async_action.ended"]
GOOD = {"gift": {"amount": 1}}
SETTLE_SECONDS = 60
NOWHERE = "http://127.0.0.1:1/"

Event = tuple[str, str]


def registry_of(engine: Engine) -> Registry:
    return Registry(engine.project_id, ACTION_TYPES, allow_private=True)


async def add_webhook(engine: Engine, target_url: str = NOWHERE, **fields: Any) -> dict[str, Any]:
    """A webhook of the project, with its secret."""
    registry = registry_of(engine)
    wanted = await registry.checked({"target_url": target_url, "events": ALL, **fields})
    async with engine.pool.connection() as connection:
        return await registry.create(connection, wanted)


async def events(engine: Engine, webhook: dict[str, Any] | None = None) -> list[Event]:
    """What is recorded, as pairs of an action's id and what happened to it, by action in the order of the events."""
    rows = await deliveries(engine, webhook)
    return [(row["action_id"], row["event"].rpartition(".")[2]) for row in rows]


async def deliveries(engine: Engine, webhook: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    return await engine.query(
        "SELECT * FROM webhook_deliveries WHERE project_id = %s AND (%s::text IS NULL OR webhook_id = %s)"
        " ORDER BY action_id, step",
        engine.project_id, *[webhook["id"] if webhook else None] * 2,
    )  # fmt: skip


def deliverer_of(engine: Engine, sender: Sender) -> Deliverer:
    """A worker's deliverer, whose failed attempts are due again at once."""
    return Deliverer(engine.pool, sender, allow_private=True, first_delay=timedelta())


def sender(seconds: float = 30) -> Sender:
    return Sender(allow_private=True, timeout_seconds=seconds)


async def one_action(engine: Engine, code: str = "A") -> str:
    action_id = await engine.submit_json([{"code": code, **GOOD}])
    await engine.finish(action_id)
    return action_id


def scene(database_url: str, play: Callable[[Engine, Receiver], Awaitable[None]]) -> None:
    """Play with an engine and a receiver."""

    async def scenario() -> None:
        with receiving() as receiver:
            async with open_engine(database_url) as engine:
                await play(engine, receiver)

    asyncio.run(scenario())


async def statuses(engine: Engine) -> list[str]:
    return [each["status"] for each in await deliveries(engine)]


async def delivered(deliverer: Deliverer, attempts: int) -> None:
    """Deliver until so many attempts were made."""
    async with asyncio.timeout(SETTLE_SECONDS):
        while attempts > 0:
            attempts -= await deliverer.deliver()
    assert attempts == 0
