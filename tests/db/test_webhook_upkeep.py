"""What is given up, sent again, tried, kept and removed of webhooks; and their secrets."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
from standardwebhooks import Webhook

from tallykeep.core.ids import wire_time
from tallykeep.engine.retention.pruner import Pruner
from tallykeep.engine.webhooks.deliverer import MAX_HISTORY, Deliverer
from tallykeep.engine.webhooks.deliveries import list_deliveries, send_again, send_test_event
from tests.db.engine import Engine
from tests.db.webhooks import (
    GOOD,
    add_webhook,
    delivered,
    deliverer_of,
    deliveries,
    one_action,
    registry_of,
    scene,
    sender,
    statuses,
)
from tests.postgres import quiet_settings
from tests.receiver import Receiver


def test_after_three_days_an_event_is_given_up_and_shown_so_and_may_be_sent_again(database_url: str) -> None:
    async def play(engine: Engine, receiver: Receiver) -> None:
        receiver.answers["/fails"] = [500]
        webhook = await add_webhook(engine, f"{receiver.url}/fails", events=["async_action.ended"])
        await one_action(engine)
        async with sender() as sending:
            deliverer = Deliverer(engine.pool, sending, allow_private=True)
            await delivered(deliverer, 1)
            (event,) = await deliveries(engine)
            assert timedelta(seconds=3) < event["due_at"] - event["attempted_at"] < timedelta(seconds=30)
            assert event["expires_at"] - event["created_at"] == timedelta(days=3)
            await engine.query("UPDATE webhook_deliveries SET expires_at = now(), due_at = now() RETURNING 1")
            await delivered(deliverer, 1)
            async with engine.pool.connection() as connection:
                page = await list_deliveries(
                    connection, engine.project_id, webhook["id"], status="GIVEN_UP", limit=10, page=1
                )
                (shown,) = page["data"]
                assert (shown["last_status"], shown["attempts"], shown["expires_at"]) == (500, 2, None)
                again = await send_again(connection, engine.project_id, webhook["id"], shown["id"])
            assert (again["status"], again["attempts"], again["id"]) == ("PENDING", 2, shown["id"])
            assert [(each["number"], each["status"]) for each in again["history"]] == [(1, 500), (2, 500)]
            receiver.answers["/fails"] = [200]
            await delivered(deliverer, 1)
            async with engine.pool.connection() as connection:  # delivered or not
                await send_again(connection, engine.project_id, webhook["id"], shown["id"])
            await delivered(deliverer, 1)
        assert len({each.headers["webhook-id"] for each in receiver.all()}) == 1
        assert await statuses(engine) == ["DELIVERED"]
        (event,) = await deliveries(engine)
        outcomes = [(each["number"], each["status"], each["error"]) for each in event["history"]]
        failed = "the receiver answered 500"
        assert outcomes == [(1, 500, failed), (2, 500, failed), (3, 200, None), (4, 200, None)]
        assert [each["at"] for each in event["history"]] == sorted(each["at"] for each in event["history"])
        assert event["history"][-1]["at"] == wire_time(event["attempted_at"])

    scene(database_url, play)


def test_delays_count_from_when_an_event_was_sent_again(database_url: str) -> None:
    async def play(engine: Engine, receiver: Receiver) -> None:
        receiver.answers["/fails"] = [500]
        webhook = await add_webhook(engine, f"{receiver.url}/fails", events=["async_action.ended"])
        await one_action(engine)
        (event,) = await deliveries(engine)
        await engine.query("UPDATE webhook_deliveries SET attempts = 20, status = 'GIVEN_UP' RETURNING 1")
        async with engine.pool.connection() as connection:
            await send_again(connection, engine.project_id, webhook["id"], event["event_id"])
        async with sender() as sending:
            await delivered(Deliverer(engine.pool, sending, allow_private=True), 1)
        (event,) = await deliveries(engine)
        assert (event["attempts"], event["resent_after"]) == (21, 20)
        assert timedelta(seconds=3) < event["due_at"] - event["attempted_at"] < timedelta(seconds=30)

    scene(database_url, play)


def test_so_many_attempts_are_kept(database_url: str) -> None:
    async def play(engine: Engine, receiver: Receiver) -> None:
        receiver.answers["/fails"] = [500]
        await add_webhook(engine, f"{receiver.url}/fails", events=["async_action.ended"])
        await one_action(engine)
        async with sender() as sending:
            for _ in range(MAX_HISTORY + 2):
                await engine.query("UPDATE webhooks SET paused_until = NULL RETURNING 1")
                await delivered(deliverer_of(engine, sending), 1)
        (event,) = await deliveries(engine)
        assert [each["number"] for each in event["history"]] == list(range(3, MAX_HISTORY + 3))

    scene(database_url, play)


def test_what_a_webhook_that_is_off_was_to_get_is_given_up_in_time(database_url: str) -> None:
    async def play(engine: Engine, receiver: Receiver) -> None:
        await add_webhook(engine, f"{receiver.url}/", events=["async_action.ended"])
        await one_action(engine)
        await engine.query("UPDATE webhooks SET active = false RETURNING 1")
        async with sender() as sending:
            deliverer = deliverer_of(engine, sending)
            await deliverer.keep_up()
            assert await statuses(engine) == ["PENDING"]
            await engine.query("UPDATE webhook_deliveries SET expires_at = now() - interval '1 second' RETURNING 1")
            await deliverer.keep_up()
        (event,) = await deliveries(engine)
        assert (event["status"], event["last_error"]) == ("GIVEN_UP", "not sent within three days")
        assert receiver.all() == []

    scene(database_url, play)


def test_what_waits_for_a_clock_that_was_set_back_is_hastened(database_url: str) -> None:
    async def play(engine: Engine, receiver: Receiver) -> None:
        await add_webhook(engine, f"{receiver.url}/", events=["async_action.ended"])
        await one_action(engine)
        async with sender() as sending:
            deliverer = deliverer_of(engine, sending)
            for hours, count in ((8, 0), (10, 1)):
                await engine.query(
                    "UPDATE webhook_deliveries SET due_at = now() + make_interval(hours => %s) RETURNING 1", hours
                )
                await deliverer.keep_up()
                assert await deliverer.deliver() == count

    scene(database_url, play)


def test_a_test_event_is_sent_whatever_the_webhook_hears_of(database_url: str) -> None:
    async def play(engine: Engine, receiver: Receiver) -> None:
        webhook = await add_webhook(engine, f"{receiver.url}/", events=["async_action.ended"])
        async with engine.pool.connection() as connection:
            queued = await send_test_event(connection, engine.project_id, webhook["id"])
        async with sender() as sending:
            await delivered(deliverer_of(engine, sending), 1)
        event = receiver.next().event
        assert (event["id"], event["type"], event["data"]["id"]) == (queued["id"], "webhook.test", webhook["id"])
        await engine.query(
            "UPDATE webhooks SET failing_since = now(), paused_until = now() + interval '1 minute' RETURNING 1"
        )
        async with sender() as sending:
            deliverer = deliverer_of(engine, sending)
            for ends_the_pause in (send_test_event, partial(send_again, event_id=queued["id"])):
                assert await deliverer.deliver() == 0
                async with engine.pool.connection() as connection:
                    await ends_the_pause(connection, engine.project_id, webhook["id"])
                await delivered(deliverer, 1)
                await engine.query("UPDATE webhooks SET paused_until = now() + interval '1 minute' RETURNING 1")

    scene(database_url, play)


def test_both_secrets_sign_for_a_day_after_they_were_changed(database_url: str) -> None:
    async def play(engine: Engine, receiver: Receiver) -> None:
        made = await add_webhook(engine, f"{receiver.url}/", events=["async_action.ended"])
        async with engine.pool.connection() as connection:
            rotated = await registry_of(engine).rotate_secret(connection, made["id"])
        await one_action(engine)
        async with sender() as sending:
            deliverer = deliverer_of(engine, sending)
            await delivered(deliverer, 1)
            event = receiver.next()
            for secret in (made["secret"], rotated["secret"]):
                Webhook(secret).verify(event.body, event.headers)
            await engine.query("UPDATE webhooks SET previous_until = now() RETURNING 1")
            await one_action(engine, "B")
            await delivered(deliverer, 1)
        later = receiver.next()
        assert " " not in later.headers["webhook-signature"]
        Webhook(rotated["secret"]).verify(later.body, later.headers)
        (row,) = await engine.query("SELECT secret, previous_secret FROM webhooks")
        for sealed in row.values():
            assert b"whsec_" not in bytes(sealed)

    scene(database_url, play)


def _prune(engine: Engine, days: float) -> Awaitable[None]:
    return Pruner(engine.pool, quiet_settings(keep_webhook_deliveries_days=days)).prune()


def test_deliveries_are_kept_as_long_as_the_setting_says_and_pending_ones_longer(database_url: str) -> None:
    async def play(engine: Engine, receiver: Receiver) -> None:
        await add_webhook(engine, f"{receiver.url}/")
        await one_action(engine, "A")
        async with sender() as sending:
            await delivered(deliverer_of(engine, sending), 2)
        running = await engine.submit_json([{"code": "B", **GOOD}, {"code": "C", **GOOD}], on_error="continue")
        await engine.query("UPDATE webhook_deliveries SET created_at = created_at - interval '2 days' RETURNING 1")
        await _prune(engine, 3)
        assert len(await deliveries(engine)) == 2
        await _prune(engine, 1)
        assert await deliveries(engine) == []
        await engine.finish(running)
        await engine.query("UPDATE webhook_deliveries SET created_at = created_at - interval '2 days' RETURNING 1")
        await _prune(engine, 1)
        assert await statuses(engine) == ["PENDING", "PENDING"]

    scene(database_url, play)


def test_an_event_of_an_action_that_goes_on_is_not_forgotten_and_so_not_recorded_anew(database_url: str) -> None:
    async def play(engine: Engine, receiver: Receiver) -> None:
        await add_webhook(engine, f"{receiver.url}/", failure_threshold=0)
        await engine.submit_json([{"code": "A"}, {"code": "B"}])
        await engine.query('UPDATE batches SET row_count = 1, body = \'[{"code": "A"}]\' RETURNING 1')
        await engine.query(
            "INSERT INTO batches (project_id, action_id, first_row, row_count, body)"
            ' SELECT project_id, action_id, 2, 1, \'[{"code": "B"}]\' FROM batches RETURNING 1'
        )
        await engine.query("UPDATE async_actions SET open_batches = 2 RETURNING 1")
        await engine.advance()
        async with sender() as sending:
            await delivered(deliverer_of(engine, sending), 2)
        await engine.query("UPDATE webhook_deliveries SET created_at = created_at - interval '2 days' RETURNING 1")
        await _prune(engine, 1)
        assert len(await deliveries(engine)) == 2
        await engine.advance()
        names = [each["event"].rpartition(".")[2] for each in await deliveries(engine)]
        assert names == ["started", "failures_exceeded", "ended"]

    scene(database_url, play)


def test_deliveries_of_a_webhook_that_was_deleted_are_not_sent_and_go(database_url: str) -> None:
    async def play(engine: Engine, receiver: Receiver) -> None:
        gone, kept = [await add_webhook(engine, f"{receiver.url}/{path}") for path in ("gone", "kept")]
        await one_action(engine)
        async with engine.pool.connection() as connection:
            await registry_of(engine).delete(connection, gone["id"])
        await _prune(engine, 1)
        assert [len(await deliveries(engine, each)) for each in (gone, kept)] == [0, 2]
        async with sender() as sending:
            await delivered(deliverer_of(engine, sending), 2)
        assert {each.path for each in receiver.all()} == {"/kept"}

    scene(database_url, play)


class _AwayAtFirst:
    """A pool that lends no connection at first."""

    def __init__(self, pool: Any) -> None:
        self._pool, self.refusals = pool, 0

    def connection(self) -> Any:
        if self.refusals < 2:
            self.refusals += 1
            raise psycopg.OperationalError("the server is away")
        return self._pool.connection()


def test_an_outage_puts_deliveries_off_and_ends_no_deliverer(database_url: str) -> None:
    async def play(engine: Engine, receiver: Receiver) -> None:
        await add_webhook(engine, f"{receiver.url}/", events=["async_action.ended"])
        await one_action(engine)
        away: Any = _AwayAtFirst(engine.pool)
        async with sender() as sending:
            running = asyncio.create_task(Deliverer(away, sending, allow_private=True).run())
            assert (await asyncio.to_thread(receiver.next)).path == "/"
            assert away.refusals == 2
            running.cancel()
            await asyncio.wait([running])

    scene(database_url, play)
