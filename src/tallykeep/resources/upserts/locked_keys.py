"""What there is of keys, told so that it is of one moment, beside others who make and delete some of them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

Key = TypeVar("Key")
Found = TypeVar("Found")


async def found_by_locking(
    look: Callable[[Sequence[Key]], Awaitable[dict[Key, Found]]], keys: Sequence[Key]
) -> dict[Key, Found]:
    """What a look that locks finds of the keys; it is taken again for those missing until it finds no more.

    A look sees what was there when it began. While it waits for somebody's transaction to unlock one row, that may make
    another one: the first would be told as it is after the transaction, and the second as it was before.
    """
    found = await look(keys)
    while (missing := [key for key in keys if key not in found]) and (more := await look(missing)):
        found |= more
    return found
