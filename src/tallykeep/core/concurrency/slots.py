"""Slots: how many may do the same thing at once, in all, for one project and with one key; waiters take turns."""

import asyncio
from collections import Counter, deque
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TypeVar

from tallykeep.core.errors import RequestError, ServiceUnavailableError, TooManyRequestsError

Who = tuple[int, str]  # a project and one of its keys
_Name = TypeVar("_Name", int, Who)


@dataclass(eq=False, slots=True)
class _Waiting:
    who: Who
    seat: asyncio.Future[None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Limits: how many slots in all, for one project and for one key, and how many of one project may wait."""

    in_all: int
    of_project: int
    of_key: int
    waiting: int

    @classmethod
    def shared(cls, in_all: int, *, waiting: int) -> "Bounds":
        """Return the usual shares: three fifths for one project, half for one key, and always one left for others."""
        of_project = max(1, min(in_all - 1, in_all * 3 // 5))
        return cls(in_all=in_all, of_project=of_project, of_key=max(1, min(of_project, in_all // 2)), waiting=waiting)


class Slots:
    """Slots for one thing that a process shares between projects.

    Within a project those who come first are served first; projects that wait take turns. A slot is given back
    whatever happens to who holds it.
    """

    def __init__(self, what: str, bounds: Bounds, *, timeout_seconds: float, retry_after: int = 1) -> None:
        self._what = what  # as people are told: «uploads»
        self.bounds = bounds
        self._timeout_seconds = timeout_seconds
        self._retry_after = retry_after
        self._taken = 0
        self._of_projects: Counter[int] = Counter()
        self._of_keys: Counter[Who] = Counter()
        self._queues: dict[int, deque[_Waiting]] = {}  # the project whose turn is next comes first

    def hold(
        self, project_id: int, key_id: str, timeout_seconds: float | None = None
    ) -> AbstractAsyncContextManager[None]:
        """Hold a slot while the context lasts; a caller with `timeout_seconds` of its own waits in any queue.

        Raises TooManyRequestsError where the project, or the key, has its share already and none of it comes free in
        time; ServiceUnavailableError where others have all there are.
        """
        return _Held(self, (project_id, key_id), timeout_seconds)

    async def take(self, who: Who, timeout_seconds: float | None) -> None:
        """Take a slot; as for `hold`, which is for everybody else."""
        if who[0] not in self._queues and self._fits(who):
            self._seat(who)
        else:
            await self._wait(who, timeout_seconds)

    def leave(self, who: Who) -> None:
        """Give back a slot that was taken."""
        self._taken -= 1
        _count_down(self._of_projects, who[0])
        _count_down(self._of_keys, who)
        if self._queues:
            self._seat_who_waits()

    def held_by(self, project_id: int) -> int:
        """Return how many slots the project has just now."""
        return self._of_projects[project_id]

    def waiting_of(self, project_id: int) -> int:
        """Return how many of the project wait for a slot."""
        return len(self._queues.get(project_id, ()))

    def _fits(self, who: Who) -> bool:
        bounds = self.bounds
        return (
            self._taken < bounds.in_all
            and self._of_projects[who[0]] < bounds.of_project
            and self._of_keys[who] < bounds.of_key
        )

    def _seat(self, who: Who) -> None:
        self._taken += 1
        self._of_projects[who[0]] += 1
        self._of_keys[who] += 1

    async def _wait(self, who: Who, timeout_seconds: float | None) -> None:
        if timeout_seconds is None and self.waiting_of(who[0]) >= self.bounds.waiting:
            raise self._refusal(who)
        waiting = _Waiting(who, asyncio.get_running_loop().create_future())
        self._queues.setdefault(who[0], deque()).append(waiting)
        self._seat_who_waits()
        try:
            async with asyncio.timeout(timeout_seconds or self._timeout_seconds):
                await waiting.seat
        except BaseException as error:
            refusal = self._refusal(who)
            self._give_up(waiting)
            if isinstance(error, TimeoutError):
                raise refusal from None
            raise

    def _give_up(self, waiting: _Waiting) -> None:
        if waiting.seat.done() and not waiting.seat.cancelled():
            self.leave(waiting.who)  # it has just been assigned
            return
        queue = self._queues[waiting.who[0]]
        queue.remove(waiting)
        if not queue:
            del self._queues[waiting.who[0]]

    def _seat_who_waits(self) -> None:
        """Seat one of each project in turn, while there are slots."""
        seated = True
        while seated and self._taken < self.bounds.in_all:
            seated = sum(map(self._seat_first_of, list(self._queues))) > 0

    def _seat_first_of(self, project_id: int) -> bool:
        queue = self._queues[project_id]
        first = next((waiting for waiting in queue if self._fits(waiting.who) and not waiting.seat.done()), None)
        if first is None:
            return False
        queue.remove(first)
        del self._queues[project_id]
        if queue:
            self._queues[project_id] = queue
        self._seat(first.who)
        first.seat.set_result(None)
        return True

    def _refusal(self, who: Who) -> RequestError:
        bounds = self.bounds
        refused: RequestError
        if self._of_projects[who[0]] >= bounds.of_project:
            share = f"The project has {bounds.of_project} {self._what} at a time, and as many are under way"
            refused = TooManyRequestsError(f"{share}; nothing was changed. Send it again once one of them is over")
        elif self._of_keys[who] >= bounds.of_key:
            share = f"One key has {bounds.of_key} {self._what} at a time, and as many are under way"
            refused = TooManyRequestsError(f"{share}; nothing was changed. Send it again once one of them is over")
        else:
            all_taken = f"The server has {bounds.in_all} {self._what} at a time, and as many are under way"
            refused = ServiceUnavailableError(f"{all_taken}; nothing was changed. Send it again in a moment")
        refused.headers["Retry-After"] = str(self._retry_after)
        return refused


class _Held(AbstractAsyncContextManager[None]):
    """A slot that is held while the context lasts; a class, as that costs a request half of what a generator does."""

    __slots__ = ("_slots", "_timeout_seconds", "_who")

    def __init__(self, slots: Slots, who: Who, timeout_seconds: float | None) -> None:
        self._slots = slots
        self._who = who
        self._timeout_seconds = timeout_seconds

    async def __aenter__(self) -> None:
        await self._slots.take(self._who, self._timeout_seconds)

    async def __aexit__(self, *_: object) -> None:
        self._slots.leave(self._who)


def _count_down(counter: Counter[_Name], name: _Name) -> None:
    """Count one fewer; what is at nothing is not kept, because there may be many projects."""
    counter[name] -= 1
    if not counter[name]:
        del counter[name]
