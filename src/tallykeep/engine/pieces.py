"""Bytes in pieces that are looked at in one go: what is done to a piece is over before anybody waits for it."""

from collections.abc import Iterator

PIECE_BYTES = 1 << 18


def pieces(data: bytes) -> Iterator[bytes]:
    """The data in pieces of at most PIECE_BYTES; what is no longer comes as it is."""
    if len(data) <= PIECE_BYTES:
        yield data
        return
    for start in range(0, len(data), PIECE_BYTES):
        yield data[start : start + PIECE_BYTES]
