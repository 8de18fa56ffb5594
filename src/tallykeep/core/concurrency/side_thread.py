"""A thread beside the event loop, for work that would hold it up: projects take turns in it, step by step."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

Done = TypeVar("Done")

_IDLE_SECONDS = 10.0  # after which the thread ends; the next step starts another one
_MAX_REMEMBERED = 1_000


class Aside(Protocol):
    """Takes steps of one project."""

    async def __call__(self, step: Callable[[], Done], /) -> Done:
        """Run the step beside the event loop; returns what it returns, raises what it raises."""
        ...


async def directly(step: Callable[[], Done], /) -> Done:
    """Runs a step in the event loop: for steps so small that the way to the thread and back would take longer."""
    return step()


@dataclass(frozen=True, slots=True)
class _Step:
    run: Callable[[], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]


class SideThread:
    """One thread, however many uploads there are: each project has a queue of steps.

    The project goes on that has had the least of the thread's time (start-time fair queueing), so one that sends a
    hundred files at once gets no more of it than another one with a single file. A step is to be short, a piece of a
    file, and no native call in it so long that the interpreter's lock is kept from the event loop.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._lines: dict[int, deque[_Step]] = {}
        self._had: dict[int, float] = {}  # of the thread's time, in seconds, by project
        self._reached = 0.0  # what the project has had whose step is under way: who comes anew starts there
        self._is_running = False

    def of(self, project_id: int) -> Aside:
        """Return what takes this project's steps."""

        async def run(step: Callable[[], Done], /) -> Done:
            return await self.run(project_id, step)

        return run

    async def run(self, project_id: int, step: Callable[[], Done]) -> Done:
        """Run the step in the thread once it is the project's turn; raises what the step raises.

        A step that nobody waits for any more, because the task was canceled, is left out if it has not begun.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Done] = loop.create_future()
        with self._changed:
            line = self._lines.setdefault(project_id, deque())
            if not line:
                self._had[project_id] = max(self._had.get(project_id, 0.0), self._reached)
            line.append(_Step(step, loop, future))
            if self._is_running:
                self._changed.notify()
            else:
                self._is_running = True
                threading.Thread(target=self._work, name="tallykeep aside", daemon=True).start()
        return await future

    def _work(self) -> None:
        while (taken := self._next()) is not None:
            project_id, step = taken
            started = time.monotonic()
            _take(step)
            with self._changed:
                self._had[project_id] = self._had.get(project_id, 0.0) + time.monotonic() - started
            del taken, step  # what it held is not kept until the next one comes

    def _next(self) -> tuple[int, _Step] | None:
        with self._changed:
            if not self._lines and not self._changed.wait_for(lambda: bool(self._lines), _IDLE_SECONDS):
                self._is_running = False
                return None
            project_id = min(self._lines, key=lambda each: self._had[each])
            step = self._lines[project_id].popleft()
            if not self._lines[project_id]:
                del self._lines[project_id]
            self._reached = max(self._reached, self._had[project_id])
            self._forget()
            return project_id, step

    def _forget(self) -> None:
        if len(self._had) > _MAX_REMEMBERED:
            self._had = {
                project_id: had
                for project_id, had in self._had.items()
                if had > self._reached or project_id in self._lines
            }


def _take(step: _Step) -> None:
    if step.future.cancelled():
        return
    try:
        done, error = step.run(), None
    except BaseException as raised:  # whoever waits for it is told
        done, error = None, raised
    try:
        step.loop.call_soon_threadsafe(_tell, step.future, done, error)
    except RuntimeError:
        return  # the loop was closed meanwhile: nobody waits


def _tell(future: asyncio.Future[Any], done: object, error: BaseException | None) -> None:
    if future.cancelled():
        return
    if error is None:
        future.set_result(done)
    elif isinstance(error, StopIteration):
        future.set_exception(RuntimeError("a step may not end an iteration"))
    else:
        future.set_exception(error)
