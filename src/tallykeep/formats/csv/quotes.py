"""Quotes of a delimited file that need no parser: few, around whole cells, in lines each of which is a record."""

from collections.abc import Iterator

SEPARATOR = "\x01"  # no white space, which is stripped
_BLOCK_BYTES = 1 << 16  # of which what is between quotes is held at once
_BYTES_A_QUOTE = 32  # where there are more of them, the parser is as quick


def are_around_cells(block: bytes, delimiter: str) -> bool:
    """Whether all quotes of these complete lines surely are around whole cells, and no line ends within one."""
    return all(_pieces(part, delimiter.encode()) for part in _parts(block))


def without_quotes(block: bytes, delimiter: str) -> bytes | None:
    """Return these complete lines without quotes, with SEPARATOR between cells; None where are_around_cells says no,
    and where the separator is among what they hold.
    """
    mark, separator = delimiter.encode(), SEPARATOR.encode()
    unquoted: list[bytes] = []
    for part in _parts(block):
        if separator in part or not (pieces := _pieces(part, mark)):
            return None
        outside = b'"'.join(pieces[::2]).replace(mark, separator).split(b'"')
        outside[1:-1] = [piece or b'"' for piece in outside[1:-1]]
        pieces[::2] = outside
        unquoted.append(b"".join(pieces))
    return b"".join(unquoted)


def has_bare_returns(lines: bytes) -> bool:
    """Whether there is a carriage return without a line feed behind it; quick where there is none at all."""
    return b"\r" in lines and lines.count(b"\r") != lines.count(b"\r\n")


def _parts(block: bytes) -> Iterator[bytes]:
    """Yield some lines at a time, and a line that is long by itself."""
    start = 0
    while start < len(block):
        end = block.rfind(b"\n", start, start + _BLOCK_BYTES) + 1 or block.find(b"\n", start) + 1 or len(block)
        yield block[start:end]
        start = end


def _pieces(lines: bytes, delimiter: bytes) -> list[bytes]:
    """Return what the quotes are between, what is outside and inside of them in turns; nothing where it is not sure.

    A quote within a cell, written twice, has nothing outside between its two.
    """
    limit = len(lines) // _BYTES_A_QUOTE
    pieces = lines.split(b'"', limit + 1)
    if (quotes := len(pieces) - 1) % 2 or quotes > limit:
        return []
    outside, inside = pieces[::2], b"".join(pieces[1::2])
    if b"\n" in inside or b"\r" in inside or has_bare_returns(lines):
        return []
    before = b"".join([piece[-1:] for piece in outside[:-1]])
    behind = b"".join([piece[:1] for piece in outside[1:]])
    return [] if before.strip(delimiter + b"\n") or behind.strip(delimiter + b"\r\n") else pieces
