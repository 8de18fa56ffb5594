"""Freed memory: processes that handle large files, one after another, return it to the system."""

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # of glibc's mallopt
LARGE = 1 << 19
_KEPT = 4 << 20


def return_freed_memory(large: int = LARGE) -> None:
    """Return freed blocks of `large` bytes and more to the system at once; does nothing without glibc.

    By itself it takes large blocks to mean that more of them will be needed, and keeps their memory; and each thread
    has memory of its own.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, large)
        mallopt(_M_TRIM_THRESHOLD, _KEPT)
        mallopt(_M_ARENA_MAX, 1)
