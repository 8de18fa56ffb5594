"""The rows of keys, locked, as they are at one time while others create and delete some of them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

Key = TypeVar("Key")
Record = TypeVar("Record")


async def lock_existing(
    lock: Callable[[Sequence[Key]], Awaitable[dict[Key, Record]]], keys: Sequence[Key]
) -> dict[Key, Record]:
    """Lock the rows of these keys and return them; query again for the missing ones until no more appear.

    A query sees the rows that existed when it began. While it waits for another transaction to unlock one row, that
    one may create a second row: the first would be seen as it is after that transaction, the second as it was before.
    """
    rows = await lock(keys)
    while (missing := [key for key in keys if key not in rows]) and (more := await lock(missing)):
        rows |= more
    return rows
