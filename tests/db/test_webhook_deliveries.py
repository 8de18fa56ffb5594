"""Deliveries: at least once each, whatever the receiver does, in the order of an action where that can be."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from standardwebhooks import Webhook

from tallykeep.engine.retention.pruner import Pruner
from tallykeep.engine.webhooks.deliverer import Deliverer
from tallykeep.engine.webhooks.deliveries import list_deliveries, send_again, send_test_event
from tests.db.engine import Engine, open_engine
from tests.db.webhooks import add_webhook, deliverer_of, deliveries, registry_of, sender
from tests.postgres import quiet_settings
from tests.receiver import Receiver, closed_port, receiving

GOOD = {"gift": {"amount": 1}}
SETTLE_SECONDS = 60


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


def test_an_event_arrives_signed_and_is_delivered_once(database_url: str) -> None:
    async def play(engine: Engine, receiver: Receiver) -> None:
        webhook = await add_webhook(engine, f"{receiver.url}/a?b=c")
        action_id = await one_action(engine)
        async with sender() as sending:
            deliverer = deliverer_of(engine, sending)
            await delivered(deliverer, 2)
            assert await deliverer.deliver() == 0
        first, second = receiver.next(), receiver.next()
        assert receiver.all() == []
        names = [each.event["type"] for each in (first, second)]
        assert names == ["async_action.vouchers.import.started", "async_action.vouchers.import.ended"]
        assert (first.path, second.headers["content-type"]) == ("/a?b=c", "application/json")
        assert second.headers["webhook-id"] == second.event["id"] == f"evt_{action_id.removeprefix('aa_')}_ended"
        assert second.event["data"]["id"] == action_id
        Webhook(webhook["secret"]).verify(second.body, second.headers)
        for each in await deliveries(engine):
            assert (each["status"], each["attempts"], each["last_status"], each["last_error"]) == (
                "DELIVERED",
                1,
                200,
                None,
            )

    scene(database_url, play)


@pytest.mark.parametrize(("path", "answers", "error"), [
    ("/fails", [500, 503, 200], "the receiver answered 503"),
    ("/refuses", [400, 404, 200], "the receiver answered 404"),
    ("/redirects", [302, 308, 200], "the receiver answered 308; redirects are not followed"),
])  # fmt: skip
def test_whatever_is_no_success_comes_again_under_the_same_id(
    database_url: str, path: str, answers: list[int], error: str
) -> None:
    async def play(engine: Engine, receiver: Receiver) -> None:
        receiver.answers[path] = answers
        await add_webhook(engine, receiver.url + path, events=["async_action.ended"])
        await one_action(engine)
        async with sender() as sending:
            deliverer = deliverer_of(engine, sending)
            await delivered(deliverer, 2)
            (failed,) = await deliveries(engine)
            assert (failed["status"], failed["attempts"], failed["last_error"]) == ("PENDING", 2, error)
            ((failing,),) = [tuple(row.values()) for row in await engine.query("SELECT failing_since FROM webhooks")]
            assert failing is not None
            await delivered(deliverer, 1)
        requests = receiver.all()
        assert {each.path for each in requests} == {path}
        assert len({each.headers["webhook-id"] for each in requests}) == 1
        assert len({each.body for each in requests}) == 1
        assert len(requests) == 3
        assert await statuses(engine) == ["DELIVERED"]
        assert (await engine.query("SELECT failing_since FROM webhooks"))[0]["failing_since"] is None

    scene(database_url, play)


def test_gone_disables_the_webhook(database_url: str) -> None:
    async def play(engine: Engine, receiver: Receiver) -> None:
        receiver.answers["/gone"] = [410]
        webhook = await add_webhook(engine, f"{receiver.url}/gone")
        await one_action(engine)
        async with sender() as sending:
            deliverer = deliverer_of(engine, sending)
            await delivered(deliverer, 1)
            assert await deliverer.deliver() == 0  # the end waits for the webhook to be active again
            async with engine.pool.connection() as connection:
                shown = await registry_of(engine).get(connection, webhook["id"])
            assert (shown["active"], "410 Gone" in shown["disabled_reason"]) == (False, True)
            assert await statuses(engine) == ["GIVEN_UP", "PENDING"]
            await one_action(engine, "B")
            assert len(await deliveries(engine)) == 2  # nobody hears of it
            receiver.answers["/gone"] = [200]
            async with engine.pool.connection() as connection:
                wanted = {**shown, "active": True}
                again = await registry_of(engine).update(connection, webhook["id"], wanted)
            assert (again["active"], again["disabled_reason"]) == (True, None)
            await delivered(deliverer, 1)
        assert await statuses(engine) == ["GIVEN_UP", "DELIVERED"]

    scene(database_url, play)


def test_an_answer_without_end_is_cut_off_and_counts_by_its_status(database_url: str) -> None:
    async def play(engine: Engine, receiver: Receiver) -> None:
        await add_webhook(engine, f"{receiver.url}/huge", events=["async_action.ended"])
        await one_action(engine)
        async with sender() as sending:
            await delivered(deliverer_of(engine, sending), 1)
        assert await statuses(engine) == ["DELIVERED"]

    scene(database_url, play)


def test_who_never_answers_or_does_not_listen_is_tried_again(database_url: str) -> None:
    async def play(engine: Engine, receiver: Receiver) -> None:
        hanging = await add_webhook(engine, f"{receiver.url}/hangs", events=["async_action.ended"])
        deaf = await add_webhook(engine, f"http://127.0.0.1:{closed_port()}/", events=["async_action.ended"])
        await one_action(engine)
        async with sender(1) as sending:
            await delivered(deliverer_of(engine, sending), 2)
        (first,), (second,) = [await deliveries(engine, each) for each in (hanging, deaf)]
        assert (first["status"], first["last_error"]) == ("PENDING", "no answer within 1 seconds")
        assert (second["status"], second["last_error"].partition(":")[0]) == ("PENDING", "no connection")

    scene(database_url, play)


def test_a_receiver_that_hangs_holds_up_no_other_one_of_the_project_or_of_others(database_url: str) -> None:
    async def play(engine: Engine, receiver: Receiver) -> None:
        async with open_engine(database_url) as other:
            await add_webhook(engine, f"{receiver.url}/hangs")
            await add_webhook(engine, f"{receiver.url}/quick")
            await add_webhook(other, f"{receiver.url}/other")
            for number in range(5):
                await one_action(engine, f"A{number}")
            await one_action(other)
            async with sender() as sending:
                deliverer = deliverer_of(engine, sending)
                running = asyncio.create_task(deliverer.run())
                counts = dict.fromkeys(("/hangs", "/quick", "/other"), 0)
                while (counts["/quick"], counts["/other"]) != (10, 2):
                    counts[(await asyncio.to_thread(receiver.next)).path] += 1
                assert counts["/hangs"] <= 4
                receiver.may_answer.set()
                running.cancel()
                await asyncio.wait([running])

    scene(database_url, play)


def test_the_end_waits_for_the_start_until_that_has_failed_often(database_url: str) -> None:
    async def play(engine: Engine, receiver: Receiver) -> None:
        receiver.answers["/fails"] = [500]
        await add_webhook(engine, f"{receiver.url}/fails")
        await one_action(engine)
        async with sender() as sending:
            await delivered(deliverer_of(engine, sending), 6)
        types = [each.event["type"].rpartition(".")[2] for each in receiver.all()]
        assert types[:5] == ["started"] * 5
        assert types[5:] in (["started"], ["ended"])
        receiver.answers["/fails"] = [200]
        async with sender() as sending:
            await delivered(deliverer_of(engine, sending), 2)
        assert await statuses(engine) == ["DELIVERED"] * 2

    scene(database_url, play)


def test_a_receiver_that_fails_is_let_alone_for_a_while_however_many_events_wait(database_url: str) -> None:
    async def play(engine: Engine, receiver: Receiver) -> None:
        receiver.answers["/fails"] = [500]
        await add_webhook(engine, f"{receiver.url}/fails", events=["async_action.ended"])
        for number in range(5):
            await one_action(engine, f"A{number}")
        async with sender() as sending:
            deliverer = deliverer_of(engine, sending)
            assert await deliverer.deliver() == 4
            await engine.query("UPDATE webhooks SET failing_since = now() - interval '1 hour' RETURNING 1")
            await delivered(deliverer, 1)  # one at a time
            assert await deliverer.deliver() == 0
            await engine.query("UPDATE webhooks SET paused_until = now() RETURNING 1")
            await delivered(deliverer, 1)
            for span in ("59 seconds", "61 seconds"):  # the latter is what a clock has left that was set back
                receiver.answers["/fails"] = [200]
                await engine.query("UPDATE webhooks SET paused_until = now() + %s::interval RETURNING 1", span)
                assert await deliverer.deliver() == int(span == "61 seconds")
            await delivered(deliverer, 4)
        assert await statuses(engine) == ["DELIVERED"] * 5

    scene(database_url, play)


def test_what_was_claimed_by_a_worker_that_died_is_due_again_after_the_lease(database_url: str) -> None:
    async def play(engine: Engine, receiver: Receiver) -> None:
        await add_webhook(engine, f"{receiver.url}/hangs", events=["async_action.ended"])
        await one_action(engine)
        async with sender() as sending:
            dying = asyncio.create_task(deliverer_of(engine, sending).deliver())
            await asyncio.to_thread(receiver.hanging.acquire)
            dying.cancel()
            await asyncio.wait([dying])
        async with sender() as sending:
            deliverer = deliverer_of(engine, sending)
            assert await deliverer.deliver() == 0  # it may be on its way
            await engine.query("UPDATE webhook_deliveries SET due_at = due_at - interval '60 seconds' RETURNING 1")
            await engine.query("UPDATE webhooks SET target_url = %s RETURNING 1", f"{receiver.url}/")
            await delivered(deliverer, 1)
        first, second = receiver.all()
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.body == second.body
        assert await statuses(engine) == ["DELIVERED"]

    scene(database_url, play)


def test_an_attempt_that_comes_back_late_says_nothing_of_the_one_after_it(database_url: str) -> None:
    async def play(engine: Engine, receiver: Receiver) -> None:
        await add_webhook(engine, f"{receiver.url}/hangs", events=["async_action.ended"])
        await one_action(engine)
        async with sender() as sending:
            late = asyncio.create_task(deliverer_of(engine, sending).deliver())
            await asyncio.to_thread(receiver.hanging.acquire)
            # Beyond its lease, another worker claims it.
            await engine.query("UPDATE webhook_deliveries SET attempts = 2 RETURNING 1")
            receiver.may_answer.set()  # the first attempt ends without an answer
            await late
        (event,) = await deliveries(engine)
        assert (event["status"], event["attempts"], event["last_error"]) == ("PENDING", 2, None)

    scene(database_url, play)


def test_what_another_worker_is_claiming_is_left_to_it(database_url: str) -> None:
    async def play(engine: Engine, receiver: Receiver) -> None:
        await add_webhook(engine, f"{receiver.url}/", events=["async_action.ended"])
        await one_action(engine)
        async with sender() as sending:
            deliverer = deliverer_of(engine, sending)
            async with engine.pool.connection() as other, other.transaction():
                await other.execute("SELECT FROM webhook_deliveries FOR UPDATE")
                async with asyncio.timeout(SETTLE_SECONDS):
                    assert await deliverer.deliver() == 0
            await delivered(deliverer, 1)

    scene(database_url, play)


def test_two_workers_send_an_event_once(database_url: str) -> None:
    async def play(engine: Engine, receiver: Receiver) -> None:
        await add_webhook(engine, f"{receiver.url}/")
        for number in range(10):
            await one_action(engine, f"A{number}")
        async with sender() as sending:
            workers = [deliverer_of(engine, sending) for _ in range(3)]
            async with asyncio.timeout(SETTLE_SECONDS):
                while "PENDING" in await statuses(engine):
                    await asyncio.gather(*(worker.deliver() for worker in workers))
        ids = [each.headers["webhook-id"] for each in receiver.all()]
        assert (len(ids), len(set(ids))) == (20, 20)

    scene(database_url, play)


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
            assert (again["status"], again["attempts"], again["id"]) == ("PENDING", 0, shown["id"])
            receiver.answers["/fails"] = [200]
            await delivered(deliverer, 1)
            async with engine.pool.connection() as connection:  # delivered or not
                await send_again(connection, engine.project_id, webhook["id"], shown["id"])
            await delivered(deliverer, 1)
        assert len({each.headers["webhook-id"] for each in receiver.all()}) == 1
        assert await statuses(engine) == ["DELIVERED"]

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
