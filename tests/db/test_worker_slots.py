"""Places of the worker: who waits for others gives its place back, and who takes one for long leaves some to others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
import pytest
from psycopg.errors import LockNotAvailable

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.core.action_type import ActionType
from tests.db.engine import Engine, new_project, open_engine
from tests.db.test_applying import gifts
from tests.db.waiting import until_waiting

TIMED_OUT = "canceling statement due to lock timeout"


@dataclass
class Steps:
    """Voucher imports that stop each time they have written a batch's rows, until they are let on."""

    written: asyncio.Queue[None] = field(default_factory=asyncio.Queue)
    may_go: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    @property
    def action_types(self) -> dict[str, ActionType]:
        action_type = ACTION_TYPES["VOUCHERS.IMPORT_CSV"]

        async def begin(*arguments: Any) -> Any:
            return _Stepping(await action_type.begin(*arguments), self)

        return {**ACTION_TYPES, action_type.name: replace(action_type, begin=begin)}

    async def next_write(self) -> None:
        async with asyncio.timeout(60):
            await self.written.get()

    @asynccontextmanager
    async def one_in_hand(self, engine: Engine) -> AsyncIterator[None]:
        """A worker that has written the next batch and has not committed; in the end it goes on without a stop."""
        worker = asyncio.create_task(engine.advance())
        await self.next_write()
        try:
            yield
        finally:
            for _ in range(100):
                self.may_go.release()
            await worker


class _Stepping:
    def __init__(self, inner: Any, steps: Steps) -> None:
        self._inner, self._steps = inner, steps

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def write(self) -> Any:
        failures = await self._inner.write()
        self._steps.written.put_nowait(None)
        await self._steps.may_go.acquire()
        return failures


async def retries_of(engine: Engine, action_id: str) -> tuple[int, int, str | None]:
    action = await engine.get(action_id)
    return action["done_count"], action["retry_count"], action["retry_reason"]


async def can_be_had(engine: Engine, code: str) -> bool:
    """Whether nobody holds the voucher just now."""
    try:
        await engine.query("SELECT FROM vouchers WHERE code = %s FOR UPDATE NOWAIT", code)
    except LockNotAvailable:
        return False
    return True


@pytest.mark.parametrize("on_error", ["continue", "stop", "reject"])
def test_a_batch_gives_its_place_back_while_others_hold_its_rows(database_url: str, on_error: str) -> None:
    async def scenario() -> None:
        async with open_engine(database_url, lock_wait_seconds=0.05) as engine:
            await engine.finish(await engine.submit_csv(gifts(1)))
            waiting = await engine.submit_csv(gifts(3), on_error=on_error)
            async with await psycopg.AsyncConnection.connect(database_url) as holder:
                await holder.execute("SELECT FROM vouchers FOR UPDATE")
                for tries in (1, 2):
                    await asyncio.wait_for(engine.advance(), 30)
                    assert await retries_of(engine, waiting) == (0, tries, TIMED_OUT)
            assert await engine.query("SELECT FROM attempts WHERE attempts > 0") == []
            assert (await engine.finish(waiting))["done_count"] == 3

    asyncio.run(scenario())


def test_a_batch_waits_for_the_one_before_it_and_then_for_no_other(database_url: str) -> None:
    async def scenario() -> None:
        steps = Steps()
        async with open_engine(database_url, steps.action_types, batch_rows=1, lock_wait_seconds=0.05) as engine:
            await engine.finish(await engine.submit_json([{"code": "C1", "gift": {"amount": 1}}]))
            action_id = await engine.submit_csv(gifts(2))
            async with await psycopg.AsyncConnection.connect(database_url) as holder:
                await holder.execute("SELECT FROM vouchers FOR UPDATE")
                async with steps.one_in_hand(engine):
                    second = asyncio.create_task(engine.advance())
                    waiting = await until_waiting(engine)
                    await engine.query("SELECT pg_sleep(0.2)")  # several times as long as it waits for others
                    assert await until_waiting(engine) == waiting
                await asyncio.wait_for(second, 8)
                assert await retries_of(engine, action_id) == (1, 1, TIMED_OUT)
            assert (await engine.finish(action_id))["done_count"] == 2

    asyncio.run(scenario())


def test_an_action_that_may_still_be_refused_keeps_nothing_locked(database_url: str) -> None:
    async def scenario() -> None:
        steps = Steps()
        async with open_engine(database_url, steps.action_types, batch_rows=1) as engine:
            await engine.finish(await engine.submit_json([{"code": f"C{n}", "gift": {"amount": 9}} for n in range(2)]))
            action_id = await engine.submit_csv(gifts(2), on_error="reject")
            async with steps.one_in_hand(engine):
                held = [[await can_be_had(engine, code) for code in ("C0", "C1")]]
                for _ in range(3):
                    steps.may_go.release()
                    await steps.next_write()
                    held.append([await can_be_had(engine, code) for code in ("C0", "C1")])
            # Tried one by one, then written one by one.
            assert held == [[False, True], [True, False], [False, True], [False, False]]
            assert (await engine.get(action_id))["done_count"] == 2

    asyncio.run(scenario())


def test_actions_that_go_in_at_once_leave_places_to_others(database_url: str) -> None:
    """One of a project at a time, and of three places two at most; what is small or goes on its way passes them."""

    async def scenario() -> None:
        steps = Steps()
        async with open_engine(database_url, steps.action_types, batch_rows=1, worker_concurrency=3) as first:
            second, third = [
                replace(first, project_id=await asyncio.to_thread(new_project, database_url)) for _ in range(2)
            ]
            atomic = [await each.submit_csv(gifts(2), on_error="reject") for each in (first, first, second, third)]
            async with steps.one_in_hand(first), steps.one_in_hand(second):
                single = await first.submit_json([{"code": "S", "gift": {"amount": 1}}], on_error="reject")
                async with asyncio.timeout(60):
                    await first.advance()
                    assert (await first.get(single))["status"] == "DONE"
                    await first.advance()
                    await third.advance()
                assert steps.written.empty()
                late = await first.query("SELECT FROM procrastinate_jobs WHERE scheduled_at > now()")
                assert len(late) == 2  # a turn that found no place comes back
            assert await first.query("SELECT FROM attempts WHERE attempts > 0") == []
            for engine, action_id in zip((first, first, second, third), atomic, strict=True):
                assert (await engine.finish(action_id))["done_count"] == 2

    asyncio.run(scenario())


def test_one_batch_at_a_time_is_tried_in_a_process_of_its_own(database_url: str) -> None:
    async def scenario() -> None:
        tried: asyncio.Queue[str] = asyncio.Queue()
        may_end = asyncio.Event()

        async def run_isolated(project_id: int, action_id: str, first_row: int) -> int:
            tried.put_nowait(action_id)
            await may_end.wait()
            return -9

        async with open_engine(database_url, run_isolated=run_isolated) as engine:
            actions = {await engine.submit_csv(gifts(2)), await engine.submit_csv(gifts(2, 2))}
            await engine.query(
                "INSERT INTO attempts SELECT project_id, action_id, first_row, 2 FROM batches RETURNING 1"
            )
            worker = asyncio.create_task(engine.advance())
            suspect = await asyncio.wait_for(tried.get(), 60)
            await asyncio.wait_for(engine.advance(), 60)
            assert tried.empty()
            (other,) = actions - {suspect}
            (attempts,) = await engine.query("SELECT attempts FROM attempts WHERE action_id = %s", other)
            assert attempts["attempts"] == 2  # nobody died of it
            may_end.set()
            await worker
            while tried.empty() or tried.get_nowait() != other:
                await engine.advance()

    asyncio.run(scenario())
