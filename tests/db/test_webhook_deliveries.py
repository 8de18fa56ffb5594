"""Deliveries: at least once each, whatever the receiver does, in the order of an action where that can be."""

import asyncio
from collections import Counter

import pytest
from standardwebhooks import Webhook

from tallykeep.engine.webhooks.deliveries import send_again
from tests.db.engine import Engine, open_engine
from tests.db.webhooks import (
    SETTLE_SECONDS,
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
from tests.receiver import Receiver, closed_port


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


def test_answers_before_the_answer_are_cut_off(database_url: str) -> None:
    async def play(engine: Engine, receiver: Receiver) -> None:
        webhook = await add_webhook(engine, f"{receiver.url}/continues", events=["async_action.ended"])
        await one_action(engine)
        async with sender() as sending:
            await delivered(deliverer_of(engine, sending), 1)
        (first,) = await deliveries(engine, webhook)
        assert (first["status"], "16384 bytes" in first["last_error"]) == ("PENDING", True), first["last_error"]

    scene(database_url, play)


def test_who_is_slow_leaves_others_of_the_project_some_room(database_url: str) -> None:
    async def play(engine: Engine, receiver: Receiver) -> None:
        slow = [await add_webhook(engine, f"{receiver.url}/hangs", events=["async_action.ended"]) for _ in range(4)]
        for number in range(6):
            await one_action(engine, f"S{number}")
        healthy = await add_webhook(engine, f"{receiver.url}/well", events=["async_action.ended"])
        await one_action(engine, "H")
        async with sender() as sending:
            deliverer = deliverer_of(engine, sending)
            claimed = await deliverer._claim()
        by_webhook = Counter(each["webhook_id"] for each in claimed)
        assert by_webhook[healthy["id"]] == 1, by_webhook
        assert sum(by_webhook[each["id"]] for each in slow) == len(claimed) - 1 == 15

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


def test_a_receiver_that_fails_is_left_alone_for_a_while_however_many_events_wait(database_url: str) -> None:
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


def test_an_attempt_that_was_under_way_when_an_event_was_sent_again_does_not_stand_for_the_one_after_it(
    database_url: str,
) -> None:
    async def play(engine: Engine, receiver: Receiver) -> None:
        webhook = await add_webhook(engine, f"{receiver.url}/hangs", events=["async_action.ended"])
        await one_action(engine)
        (event,) = await deliveries(engine)
        async with sender() as sending:
            late = asyncio.create_task(deliverer_of(engine, sending).deliver())
            await asyncio.to_thread(receiver.hanging.acquire)
            async with engine.pool.connection() as connection:
                await send_again(connection, engine.project_id, webhook["id"], event["event_id"])
            receiver.may_answer.set()
            await late
            (event,) = await deliveries(engine)
            assert (event["status"], event["attempts"], event["history"]) == ("PENDING", 1, [])
            await delivered(deliverer_of(engine, sending), 1)
        (event,) = await deliveries(engine)
        assert (event["attempts"], [each["number"] for each in event["history"]]) == (2, [2])

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
