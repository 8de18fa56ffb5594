"""Right of way: while a small batch is in hand, the large ones of this process wait where they can.

All share few cores. A small batch needs a dozen round trips, and at each of them it stands behind whatever large ones
are doing.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

# Rows that the small batch needs may be locked by a large one, so neither waits for the other for long.
MAX_WAIT_SECONDS = 0.1  # for any one small batch
MAX_TOTAL_SECONDS = 0.25  # of one large batch, however many small ones come


class RightOfWay:
    """Small batches have it, large ones give it, among those of one process."""

    def __init__(self, max_wait: float = MAX_WAIT_SECONDS, max_total: float = MAX_TOTAL_SECONDS) -> None:
        self._max_wait = max_wait
        self._max_total = max_total
        self._began: dict[object, float] = {}  # of each small batch in hand, when
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def waiting(self) -> int:
        """How many large batches are waiting now."""
        return len(self._waiting)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Have large batches wait for what is done within, unless it takes long."""
        batch = object()
        self._began[batch] = asyncio.get_running_loop().time()
        try:
            yield
        finally:
            del self._began[batch]
            if not self._began:
                for waiting in self._waiting:
                    waiting.set_result(None)
                self._waiting.clear()

    @contextmanager
    def given(self) -> Iterator[None]:
        """Have what is done within wait at each `give_way`: it is a large batch's."""
        token = _large_batch.set(_LargeBatch(self, self._max_total))
        try:
            yield
        finally:
            _large_batch.reset(token)

    async def wait(self, seconds_left: float) -> float:
        """Wait for the small batches that began a moment ago; return how many seconds that took."""
        now = asyncio.get_running_loop().time
        started = now()
        latest = max(self._began.values(), default=-self._max_wait)
        if (seconds := min(latest + self._max_wait - started, seconds_left)) <= 0:
            return 0.0
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        try:
            await asyncio.wait([waiting], timeout=seconds)
        finally:
            self._waiting.discard(waiting)
        return now() - started


@dataclass(slots=True)
class _LargeBatch:
    way: RightOfWay
    seconds_left: float


_large_batch: ContextVar[_LargeBatch | None] = ContextVar("large_batch", default=None)


async def give_way() -> None:
    """Let small batches go first, if a large one calls; to be called wherever it can wait without losing anything."""
    batch = _large_batch.get()
    if batch is not None:
        batch.seconds_left -= await batch.way.wait(batch.seconds_left)
