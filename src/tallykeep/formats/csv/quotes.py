"""Quotes of a delimited file that need no parser: few, around whole cells, in lines each of which is a record."""

from collections.abc import Iterator

_BLOCK_BYTES = 1 << 16  # of which what is between quotes is held at once
_BYTES_A_QUOTE = 32  # where there are more of them, the parser is as quick


def are_around_cells(block: bytes, delimiter: str) -> bool:
    """Whether all quotes of these complete lines surely are around whole cells, and no line ends within one."""
    return all(_are_around_cells(part, delimiter.encode()) for part in _parts(block))


def _parts(block: bytes) -> Iterator[bytes]:
    """Yield some lines at a time, and a line that is long by itself."""
    start = 0
    while start < len(block):
        end = block.rfind(b"\n", start, start + _BLOCK_BYTES) + 1 or block.find(b"\n", start) + 1 or len(block)
        yield block[start:end]
        start = end


def _are_around_cells(lines: bytes, delimiter: bytes) -> bool:
    """A quote within a cell, written twice, has nothing outside of quotes between its two."""
    if (count := lines.count(b'"')) % 2 or count * _BYTES_A_QUOTE > len(lines):
        return False
    pieces = lines.split(b'"')
    outside, inside = pieces[::2], b"".join(pieces[1::2])
    if b"\n" in inside or b"\r" in inside or lines.count(b"\r") != lines.count(b"\r\n"):
        return False
    before = b"".join([piece[-1:] for piece in outside[:-1]])
    behind = b"".join([piece[:1] for piece in outside[1:]])
    return not (before.strip(delimiter + b"\n") or behind.strip(delimiter + b"\r\n"))
