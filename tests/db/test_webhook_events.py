"""Events are written with what they tell of: however an action begins and ends, once each, and none besides."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import psycopg
import pytest

from tallykeep.core.options.submission_options import OnError
from tests.db.engine import Engine, open_engine
from tests.db.joint import serve_all
from tests.db.test_applying import gifts
from tests.db.test_quarantine import _suspect_every_batch
from tests.db.webhooks import add_webhook, deliveries, events

# Every commit that has closed a batch fails.
BREAKING = """
CREATE FUNCTION breaks() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END $$;
CREATE CONSTRAINT TRIGGER breaks AFTER UPDATE ON batches DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION breaks()
"""
GOOD, BAD = {"gift": {"amount": 1}}, {"gift": {"amount": "x"}}


def rows(good: int, bad: int = 0) -> list[dict[str, Any]]:
    return [{"code": f"G{n}", **GOOD} for n in range(good)] + [{"code": f"B{n}", **BAD} for n in range(bad)]


Way = Callable[[Engine], Awaitable[tuple[str, list[str]]]]


async def _completed(engine: Engine) -> tuple[str, list[str]]:
    action_id = await engine.submit_json(rows(5, 1))
    await engine.finish(action_id)
    return action_id, ["started", "failures_exceeded", "ended"]


async def _completed_jointly(engine: Engine) -> tuple[str, list[str]]:
    action_id = await engine.submit_json(rows(5, 1))
    await serve_all(engine)
    return action_id, ["started", "failures_exceeded", "ended"]


async def _without_failures(engine: Engine) -> tuple[str, list[str]]:
    action_id = await engine.submit_json(rows(5))
    await engine.finish(action_id)
    return action_id, ["started", "ended"]


async def _below_the_threshold(engine: Engine) -> tuple[str, list[str]]:
    action_id = await engine.submit_json(rows(9, 1))  # a tenth, which is not more than a tenth
    await engine.finish(action_id)
    return action_id, ["started", "ended"]


async def _dry(engine: Engine) -> tuple[str, list[str]]:
    action_id = await engine.submit_json(rows(1, 1), dry_run=True)
    await engine.finish(action_id)
    return action_id, ["started", "failures_exceeded", "ended"]


async def _stopped(engine: Engine) -> tuple[str, list[str]]:
    action_id = await engine.submit_json([*rows(0, 2), *rows(4)], on_error=OnError.STOP)
    assert (await engine.finish(action_id))["ended_by"] == "STOPPED"
    return action_id, ["started", "failures_exceeded", "ended"]


async def _rejected(engine: Engine) -> tuple[str, list[str]]:
    action_id = await engine.submit_json(rows(3, 2), on_error=OnError.REJECT)
    assert (await engine.finish(action_id))["ended_by"] == "REJECTED"
    return action_id, ["started", "failures_exceeded", "ended"]


async def _atomic(engine: Engine) -> tuple[str, list[str]]:
    action_id = await engine.submit_json(rows(5), on_error=OnError.REJECT)
    assert (await engine.finish(action_id))["ended_by"] == "COMPLETED"
    return action_id, ["started", "ended"]


async def _canceled_before_it_began(engine: Engine) -> tuple[str, list[str]]:
    action_id = await engine.submit_json(rows(5))
    await engine.controller.cancel(engine.project_id, action_id, "k")
    await engine.controller.cancel(engine.project_id, action_id, "k")
    return action_id, ["ended"]


async def _canceled_in_the_middle(engine: Engine) -> tuple[str, list[str]]:
    action_id = await engine.submit_json(rows(5))
    await engine.advance()
    await engine.controller.cancel(engine.project_id, action_id, "k")
    return action_id, ["started", "ended"]


async def _empty(engine: Engine) -> tuple[str, list[str]]:
    action_id = await engine.submit("PRODUCTS.BULK_UPDATE", b"[]")
    return action_id, ["ended"]


async def _planned(engine: Engine) -> tuple[str, list[str]]:
    await engine.query("UPDATE webhooks SET active = false RETURNING id")
    await engine.finish(await engine.submit_json(rows(5)))
    await engine.query("UPDATE webhooks SET active = true RETURNING id")
    async with engine.pool.connection() as connection, connection.transaction():
        purge = engine.submission("VOUCHERS.METADATA_KEY_PURGE", parameters={"key": "x"})
        action_id = (await engine.acceptance.accept_planned(connection, purge)).action_id
    action = await engine.get(action_id)
    if action["status"] != "DONE":  # no voucher has the key
        await engine.finish(action_id)
    return action_id, ["ended"]


async def _unreadable(engine: Engine) -> tuple[str, list[str]]:
    action_id = await engine.submit_json(rows(5))
    await engine.query("UPDATE async_actions SET source = '{}' WHERE id = %s RETURNING id", action_id)
    await engine.advance()
    assert (await engine.query("SELECT ended_by FROM async_actions WHERE id = %s", action_id))[0][
        "ended_by"
    ] == "GAVE_UP"
    return action_id, ["started", "ended"]


async def _convicted(engine: Engine) -> tuple[str, list[str]]:
    action_id = await engine.submit_csv(gifts(1))
    await _suspect_every_batch(engine)
    while (await engine.get(action_id))["status"] != "DONE":
        await engine.advance()
    return action_id, ["started", "failures_exceeded", "ended"]


WAYS = (
    _completed, _completed_jointly, _without_failures, _below_the_threshold, _dry, _stopped, _rejected, _atomic,
    _canceled_before_it_began, _canceled_in_the_middle, _empty, _planned, _unreadable, _convicted,
)  # fmt: skip


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__.strip("_"))
def test_by_whichever_way_an_action_begins_and_ends(database_url: str, way: Way) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=2 if way is not _completed_jointly else 100) as engine:
            webhook = await add_webhook(engine)
            action_id, expected = await way(engine)
            assert await events(engine, webhook) == [(action_id, name) for name in expected]
            action = await engine.get(action_id) if way is not _unreadable else {}
            last = (await deliveries(engine))[-1]["data"]
            for name in ("status", "ended_by", "done_count", "failed_count", "unprocessed_count", "finished_at"):
                assert way is _unreadable or last[name] == action[name], name

    asyncio.run(scenario())


def test_nobody_hears_where_there_is_no_webhook_or_of_other_projects(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine, open_engine(database_url) as other:
            await add_webhook(other)
            off = await add_webhook(engine, active=False)
            await engine.finish(await engine.submit_json(rows(2, 1)))
            await engine.submit_json(rows(1))
            await serve_all(engine)
            assert await events(engine, off) == await events(other) == []

    asyncio.run(scenario())


def test_each_webhook_hears_what_it_wants_to(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            ends = await add_webhook(engine, events=["async_action.ended"])
            csv = await add_webhook(engine, events=["async_action.vouchers.import_csv.started", "async_action.ended"])
            strict = await add_webhook(engine, events=["async_action.failures_exceeded"], failure_threshold=0)
            lax = await add_webhook(engine, events=["async_action.failures_exceeded"], failure_threshold=50)
            first = await engine.submit_json(rows(3, 1))
            await engine.finish(first)
            second = await engine.submit_csv(gifts(2, 10))
            await engine.finish(second)
            assert await events(engine, ends) == [(first, "ended"), (second, "ended")]
            assert await events(engine, csv) == [(first, "ended"), (second, "started"), (second, "ended")]
            assert await events(engine, strict) == [(first, "failures_exceeded")]
            assert await events(engine, lax) == []
            (event,) = await deliveries(engine, strict)
            assert event["event"] == "async_action.vouchers.import.failures_exceeded"
            assert event["event_id"] == f"evt_{first.removeprefix('aa_')}_failures_exceeded"
            assert event["data"]["failure_threshold"] == 0

    asyncio.run(scenario())


def test_that_many_rows_fail_is_told_by_the_batch_that_made_them_many_and_once(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, batch_rows=2) as engine:
            await add_webhook(engine, failure_threshold=25)
            mixed = [*rows(2), *rows(0, 2), *[{"code": f"C{n}", **BAD} for n in range(2)], {"code": "Z", **GOOD}]
            action_id = await engine.submit_json(mixed)
            seen = []
            for _ in range(4):
                await engine.advance()
                seen.append([name for _, name in await events(engine)])
            assert seen == [
                ["started"],
                ["started", "failures_exceeded"],
                ["started", "failures_exceeded"],
                ["started", "failures_exceeded", "ended"],
            ]
            many = (await deliveries(engine))[1]["data"]
            assert (many["id"], many["status"], many["failed_count"], many["total_count"]) == (
                action_id, "IN_PROGRESS", 2, 7,
            )  # fmt: skip

    asyncio.run(scenario())


def test_what_is_rolled_back_is_not_told(database_url: str) -> None:
    """Neither by a batch whose transaction breaks off, nor by one that finds its action ended."""

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await add_webhook(engine)
            action_id = await engine.submit_json(rows(3, 1))
            async with engine.pool.connection() as connection:
                await connection.execute(BREAKING)
            await engine.advance()
            assert [name for _, name in await events(engine)] == ["started"]
            async with engine.pool.connection() as connection:
                await connection.execute("DROP TRIGGER breaks ON batches")
            await engine.advance()
            assert await events(engine) == [
                (action_id, "started"), (action_id, "failures_exceeded"), (action_id, "ended"),
            ]  # fmt: skip

    asyncio.run(scenario())


def test_an_event_is_there_exactly_when_what_it_tells_of_is(database_url: str) -> None:
    """Seen by another connection in the middle of the transaction that cancels: both or neither."""

    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await add_webhook(engine)
            action_id = await engine.submit_json(rows(3))
            state = (
                "SELECT status, (SELECT count(*) FROM webhook_deliveries) AS events FROM async_actions WHERE id = %s"
            )
            with psycopg.connect(database_url) as blocker:
                # The event cannot be written until this ends.
                blocker.execute("LOCK TABLE webhook_deliveries IN SHARE MODE")
                canceling = asyncio.create_task(engine.controller.cancel(engine.project_id, action_id, "k"))
                waiting = "SELECT FROM pg_locks WHERE NOT granted AND relation = 'webhook_deliveries'::regclass"
                async with asyncio.timeout(60):
                    while not await engine.query(waiting):
                        await asyncio.sleep(0.01)
                (before,) = await engine.query(state, action_id)
            await canceling
            (after,) = await engine.query(state, action_id)
            assert [tuple(each.values()) for each in (before, after)] == [("ENQUEUED", 0), ("FAILED", 1)]

    asyncio.run(scenario())


def test_events_do_not_grow_with_what_a_submission_says(database_url: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url) as engine:
            await add_webhook(engine)
            action_id = await engine.submit_json(rows(1))
            await engine.query(
                "UPDATE async_actions SET file_name = repeat('ü', 100000), reason = repeat('x', 100000)"
                " WHERE id = %s RETURNING id",
                action_id,
            )
            await engine.finish(action_id)
            assert all(len(orjson.dumps(each["data"])) < 4_096 for each in await deliveries(engine))

    asyncio.run(scenario())
