"""Reads that many ask for at once: made once, for all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from functools import partial

from tallykeep.api.responses.entity_tags import Tagged

_Read = Callable[[], Awaitable[Tagged]]


class SharedReads:
    """Lets who asks for what is being read just now wait for that, and have the same answer.

    What is read may be older than the asking. So this is for what does not change any more, and who asks knows that.
    """

    def __init__(self) -> None:
        self._under_way: dict[Hashable, asyncio.Task[Tagged]] = {}

    async def read(self, key: Hashable, read: _Read) -> Tagged:
        """Return what `read` does, or what the read of this key does that is under way; raises its errors.

        A read goes on when those who wait for it are cancelled.
        """
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(_made(read))
            task.add_done_callback(partial(self._end, key))
        return await asyncio.shield(task)

    def _end(self, key: Hashable, task: asyncio.Task[Tagged]) -> None:
        del self._under_way[key]
        if not task.cancelled():
            task.exception()  # which nobody may wait for any more


async def _made(read: _Read) -> Tagged:
    return await read()
