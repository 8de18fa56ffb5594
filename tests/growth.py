"""Whether time grows with size, and not faster: measured in this thread's own processor time, whatever else runs."""

import gc
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

Input = TypeVar("Input")

_TIMES = 4  # as large is the larger input
_MAX_TIMES = 10.5  # as long it may take: an exponent of 1.7
_TOO_SHORT = 0.004  # seconds: what takes no longer cannot grow badly by much
_TRIES = 6
_BEYOND_DOUBT = 13.0  # times as long: then two tries are enough


def seconds(run: Callable[[Input], object], value: Input) -> float:
    """How long this takes; what it raises does not matter."""
    gc.disable()
    started = time.thread_time()
    with suppress(Exception):
        run(value)
    taken = time.thread_time() - started
    gc.enable()
    return taken


def grows_too_fast(run: Callable[[Input], object], make: Callable[[int], Input], size: int) -> str:
    """How much longer the larger of two inputs takes, where that is too much; empty where it is not.

    The least of several tries counts.
    """
    large = make(_TIMES * size)
    if (long := seconds(run, large)) < _TIMES * _TOO_SHORT:
        return ""
    small, short = make(size), float("inf")
    for again in range(_TRIES):
        short, long = min(short, seconds(run, small)), min(long, seconds(run, large))
        if long <= _MAX_TIMES * max(short, _TOO_SHORT / 4):
            return ""
        if again and long > _BEYOND_DOUBT * short:
            break
    return f"{_TIMES} times {size} takes {long:.3f} s instead of {short:.3f} s"
