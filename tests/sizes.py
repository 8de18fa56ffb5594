"""How much tests do: all of it in longer runs (FULL=1), less in `make test`, where the same has to be true of it."""

import os

_FULL = bool(os.environ.get("FULL"))
_FEWER = 3
_LEAST = 5


def sized(full: int, short: int) -> int:
    """Return the full size, or the short one."""
    return full if _FULL else short


def examples(full: int) -> int:
    """Return how many examples of a property are tried: all, or a third of them. They differ from run to run."""
    return sized(full, short=max(full // _FEWER, _LEAST))
