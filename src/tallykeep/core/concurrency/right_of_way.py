"""Right of way: while a small batch is in hand, the large ones of this process pause where they can.

All share few cores. A small batch needs a dozen round trips, and at each of them it stands behind whatever large ones
are doing.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

# Rows that the small batch needs may be locked by a large one that pauses for it. Joint attempts wait a tenth of a
# second for rows, of which the large one is to have half.
MAX_PAUSE_SECONDS = 0.05  # from when a small batch began
MAX_TOTAL_SECONDS = 0.25  # of one large batch, however many small ones come


class RightOfWay:
    """Small batches have it, large ones give it, among those of one process."""

    def __init__(self, max_pause: float = MAX_PAUSE_SECONDS, max_total: float = MAX_TOTAL_SECONDS) -> None:
        self._max_pause = max_pause
        self._max_total = max_total
        self._began: dict[object, float] = {}  # when, of each small batch in hand
        self._paused: set[asyncio.Future[None]] = set()

    @property
    def paused(self) -> int:
        """How many large batches pause now."""
        return len(self._paused)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Apply a small batch within: large ones pause meanwhile, if it does not take long."""
        batch = object()
        self._began[batch] = asyncio.get_running_loop().time()
        try:
            yield
        finally:
            del self._began[batch]
            for pause in self._paused:
                pause.set_result(None)
            self._paused.clear()

    @contextmanager
    def given(self) -> Iterator[None]:
        """Apply a large batch within: it pauses at each `give_way` that it comes to, if there is reason to."""
        token = _large_batch.set(_LargeBatch(self, self._max_total))
        try:
            yield
        finally:
            _large_batch.reset(token)

    async def pause(self, seconds_left: float) -> float:
        """Pause until all small batches in hand began some time ago, if there are any; return the seconds it took."""
        loop = asyncio.get_running_loop()
        started = now = loop.time()
        while (seconds := min(self._ends(now) - now, started + seconds_left - now)) > 0:
            waiting: asyncio.Future[None] = loop.create_future()
            self._paused.add(waiting)
            try:
                await asyncio.wait([waiting], timeout=seconds)
            finally:
                self._paused.discard(waiting)
            now = loop.time()
        return now - started

    def _ends(self, now: float) -> float:
        """Return until when to pause."""
        return max(self._began.values(), default=now - self._max_pause) + self._max_pause


@dataclass(slots=True)
class _LargeBatch:
    way: RightOfWay
    seconds_left: float


_large_batch: ContextVar[_LargeBatch | None] = ContextVar("large_batch", default=None)


async def give_way() -> None:
    """Let small batches go first, if a large one calls; to be called where what it does next takes long."""
    batch = _large_batch.get()
    if batch is not None:
        batch.seconds_left -= await batch.way.pause(batch.seconds_left)
