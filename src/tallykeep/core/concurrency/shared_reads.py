"""Reads that many ask for at once: made once, for all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from functools import partial
from typing import Generic, TypeVar

Value = TypeVar("Value")


class SharedReads(Generic[Value]):
    """Lets who asks for what is being read just now wait for that, and have the same answer.

    What is read may be older than the asking. So this is for what does not change any more, or may be a moment old,
    and who asks knows that.
    """

    def __init__(self) -> None:
        self._under_way: dict[Hashable, asyncio.Task[Value]] = {}

    async def read(self, key: Hashable, read: Callable[[], Awaitable[Value]]) -> Value:
        """Return what `read` does, or what the read of this key does that is under way; raises its errors.

        A read goes on when those who wait for it are cancelled.
        """
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(_made(read))
            task.add_done_callback(partial(self._end, key))
        return await asyncio.shield(task)

    def _end(self, key: Hashable, task: asyncio.Task[Value]) -> None:
        del self._under_way[key]
        if not task.cancelled():
            task.exception()  # which nobody may wait for any more


async def _made(read: Callable[[], Awaitable[Value]]) -> Value:
    return await read()
