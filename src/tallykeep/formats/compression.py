"""Unpacking: gzip and zstd streams, expanded as they come in, in steps of bounded size and up to a limit."""

import functools
import sys
import zlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Protocol

from tallykeep.core.concurrency.side_thread import Aside, directly
from tallykeep.core.errors import BodyTooLargeError, InvalidPayloadError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CODINGS = ("gzip", "zstd")
_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_STEP_BYTES = 1 << 18
_SMALL_BYTES = 1 << 12  # so little is expanded where it is, up to one step
_PIECE_BYTES = 1 << 14  # of input, behind the end of a member looked at anew for the next one
_WORTH_BYTES = 1 << 17
_WINDOW_LOG = 23  # 8 MiB, what RFC 9659 allows for Content-Encoding: zstd


@dataclass(frozen=True, slots=True)
class Limit:
    """A maximum of bytes, and the name of its setting."""

    size: int
    setting: str

    def too_large(self, what: str) -> BodyTooLargeError:
        """Make the error for what is larger."""
        return BodyTooLargeError(f"{what} is larger than {self.size} bytes (setting {self.setting})")


class _Member(Protocol):
    """One member of a gzip stream, one frame of a zstd stream."""

    def expand(self, data: bytes) -> bytes:
        """Expand at most one step, from the rest of the previous input and this one."""
        ...

    @property
    def hungry(self) -> bool:
        """Whether nothing more comes without more input."""
        ...

    @property
    def ended(self) -> bool: ...

    @property
    def rest(self) -> bytes:
        """The input behind its end."""
        ...


class _GzipMember:
    def __init__(self) -> None:
        self._stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._step = 0

    def expand(self, data: bytes) -> bytes:
        expanded = self._stream.decompress(self._stream.unconsumed_tail + data, _STEP_BYTES)
        self._step = len(expanded)
        return expanded

    @property
    def hungry(self) -> bool:
        return self._step < _STEP_BYTES

    @property
    def ended(self) -> bool:
        return self._stream.eof

    @property
    def rest(self) -> bytes:
        return self._stream.unused_data


class _ZstdFrame:
    def __init__(self) -> None:
        self._stream = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG})

    def expand(self, data: bytes) -> bytes:
        return self._stream.decompress(data, _STEP_BYTES)

    @property
    def hungry(self) -> bool:
        return self._stream.needs_input

    @property
    def ended(self) -> bool:
        return self._stream.eof

    @property
    def rest(self) -> bytes:
        return self._stream.unused_data


_MEMBERS: dict[str, type[_GzipMember] | type[_ZstdFrame]] = {"gzip": _GzipMember, "zstd": _ZstdFrame}


class Expander:
    """Feed chunks of a gzip or zstd stream, get what they expand to; several members or frames are one stream.

    Raises InvalidPayloadError for a corrupt or cut off stream, and BodyTooLargeError beyond the limit.
    """

    def __init__(self, coding: str, limit: Limit) -> None:
        self._coding = coding
        self._limit = limit
        self._member: _Member | None = None
        self._size = 0
        self._members = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Take the next bytes, and yield what they expand to, step by step."""
        while True:
            member = self._member or self._next_member(chunk)
            if member is None:
                return
            step = self._expanded(member, chunk)
            if step:
                yield step
            chunk = member.rest if member.ended else b""
            if member.ended:
                self._member = None
            elif member.hungry:
                return

    def feed_in_pieces(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the same, in larger steps; a piece holds so few members that going to the next costs little."""
        gathered: list[bytes] = []
        size = 0
        for start in range(0, len(chunk), _PIECE_BYTES):
            for step in self.feed(chunk[start : start + _PIECE_BYTES]):
                gathered.append(step)
                size += len(step)
                if size >= _WORTH_BYTES:
                    yield b"".join(gathered)
                    gathered, size = [], 0
        if size:
            yield b"".join(gathered)

    def finish(self) -> None:
        """End of input; raises InvalidPayloadError where the stream goes on."""
        if self._member is not None:
            raise InvalidPayloadError(f"The {self._coding} stream is cut off; send it whole")

    def _next_member(self, chunk: bytes) -> _Member | None:
        if not chunk or (self._members and not chunk.strip(b"\0")):  # archives may be padded with zeros
            return None
        self._members += 1
        self._member = _MEMBERS[self._coding]()
        return self._member

    def _expanded(self, member: _Member, chunk: bytes) -> bytes:
        try:
            step = member.expand(chunk)
        except (zlib.error, zstd.ZstdError) as error:
            raise InvalidPayloadError(f"The {self._coding} stream {_reason(error)}") from None
        self._size += len(step)
        if self._size > self._limit.size:
            raise self._limit.too_large(f"What the {self._coding} stream expands to")
        return step


def _reason(error: Exception) -> str:
    if "too much memory" in str(error):
        return "asks for a window larger than 8 MiB; compress it without --long and --ultra"
    return f"is corrupt: {error}"


async def expanded(
    chunks: AsyncIterator[bytes], coding: str, limit: Limit, aside: Aside, *, partial: bool = False
) -> AsyncIterator[bytes]:
    """Expand a compressed stream, or the first part of one; beside the event loop, in steps."""
    expander = Expander(coding, limit)
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        run = directly if size <= _SMALL_BYTES else aside
        steps = expander.feed_in_pieces(chunk)
        while step := await run(functools.partial(next, steps, b"")):
            yield step
            run = aside
    if not partial:
        expander.finish()


def coding_of(first: bytes) -> str | None:
    """Return the compression that a file's first bytes show, if any."""
    return next((coding for magic, coding in _MAGIC.items() if first.startswith(magic)), None)


async def unpacked(
    chunks: AsyncIterator[bytes], limit: Limit, aside: Aside, *, partial: bool = False
) -> tuple[str | None, AsyncIterator[bytes]]:
    """Return a file's compression, as its first bytes tell, and its bytes expanded; if `partial` it may be cut off."""
    first, all_chunks = await peeked(chunks, max(map(len, _MAGIC)))
    coding = coding_of(first)
    return coding, (expanded(all_chunks, coding, limit, aside, partial=partial) if coding else all_chunks)


async def peeked(chunks: AsyncIterator[bytes], size: int) -> tuple[bytes, AsyncIterator[bytes]]:
    """Return the first bytes, so many where there are as many, and then all of them."""
    first = b""
    async for chunk in chunks:
        first += chunk
        if len(first) >= size:
            break
    return first[:size], followed(first, chunks)


async def followed(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the first bytes, unless there are none, and then the rest."""
    if first:
        yield first
    async for chunk in rest:
        yield chunk
