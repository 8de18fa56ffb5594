"""Bytes in pieces so small that scanning one of them in one go keeps nobody waiting."""

import re
from collections.abc import Iterator

PIECE_BYTES = 1 << 18


def pieces(data: bytes) -> Iterator[bytes]:
    """Yield the data in pieces of at most PIECE_BYTES; what is no longer comes as it is."""
    if len(data) <= PIECE_BYTES:
        yield data
        return
    for start in range(0, len(data), PIECE_BYTES):
        yield data[start : start + PIECE_BYTES]


def may_be_in(pattern: re.Pattern[bytes], data: bytes, max_length: int) -> bool:
    """Whether this may be found in the data, piece by piece; a match, with what it looks at beside, is no longer.

    What looks at what is not there may be found at the end of a piece, and not in the whole.
    """
    starts = range(0, len(data), PIECE_BYTES)
    return any(pattern.search(data, max(at - max_length, 0), at + PIECE_BYTES + max_length) for at in starts)


def end_of_line(block: bytes, number: int, start: int = 0) -> int:
    """Return where the line of this number ends, counted from 1 at `start`; at most the length of the block."""
    end = len(block)  # the wanted newline is between them, `number` of the newlines behind `start`
    while end - start > 1:
        middle = (start + end) // 2
        before = block.count(b"\n", start, middle)
        if before < number:
            start, number = middle, number - before
        else:
            end = middle
    return end
