"""The thread beside the event loop: whose turn it is, and what becomes of steps."""

import asyncio
import threading

import pytest

from tallykeep.core.concurrency.side_thread import SideThread


def test_a_project_with_many_steps_does_not_keep_another_one_waiting() -> None:
    async def scenario() -> list[str]:
        aside, taken, may_go = SideThread(), list[str](), threading.Event()
        first = asyncio.create_task(aside.run(1, lambda: may_go.wait(30)))
        many = [asyncio.create_task(aside.run(1, lambda: taken.append("many"))) for _ in range(50)]
        await asyncio.sleep(0)
        one = asyncio.create_task(aside.run(2, lambda: taken.append("one")))
        await asyncio.sleep(0)
        may_go.set()
        await asyncio.gather(first, one, *many)
        return taken

    taken = asyncio.run(scenario())
    assert taken.index("one") <= 1
    assert len(taken) == 51


def test_projects_share_the_time_and_not_the_number_of_steps() -> None:
    def spin(taken: list[int], project_id: int, seconds: float) -> None:
        threading.Event().wait(seconds)
        taken.append(project_id)

    async def scenario() -> list[int]:
        aside, taken = SideThread(), list[int]()
        long = [asyncio.create_task(aside.run(1, lambda: spin(taken, 1, 0.05))) for _ in range(6)]
        short = [asyncio.create_task(aside.run(2, lambda: spin(taken, 2, 0.001))) for _ in range(12)]
        await asyncio.gather(*long, *short)
        return taken

    taken = asyncio.run(scenario())
    assert taken.index(2, 12) < len(taken)  # the last of the short ones
    assert taken.count(1) - taken[: max(at for at, each in enumerate(taken) if each == 2)].count(1) >= 3


def test_errors_come_back_and_the_thread_goes_on() -> None:
    def fails() -> None:
        raise ValueError("no")

    async def scenario() -> int:
        aside = SideThread()
        with pytest.raises(ValueError, match="no"):
            await aside.run(1, fails)
        with pytest.raises(RuntimeError):
            await aside.run(1, lambda: next(iter(())))
        return await aside.run(1, lambda: 7)

    assert asyncio.run(scenario()) == 7


def test_a_step_that_nobody_waits_for_any_more_is_left_out() -> None:
    async def scenario() -> list[str]:
        aside, taken, may_go = SideThread(), list[str](), threading.Event()
        first = asyncio.create_task(aside.run(1, lambda: may_go.wait(30)))
        abandoned = asyncio.create_task(aside.run(1, lambda: taken.append("given up")))
        await asyncio.sleep(0)
        abandoned.cancel()
        await asyncio.sleep(0)
        may_go.set()
        await first
        await aside.run(1, lambda: taken.append("after"))
        return taken

    assert asyncio.run(scenario()) == ["after"]
