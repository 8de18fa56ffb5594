"""Compressed streams: any chunking of any members expands to the same bytes, and nothing expands beyond its limit."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Callable

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from tallykeep.core.concurrency.side_thread import directly
from tallykeep.core.errors import BodyTooLargeError, InvalidPayloadError
from tallykeep.formats.compression import Expander, Limit, unpacked
from tests.unit.test_split import CUTS, chunked

LIMIT = Limit(1 << 20, "TALLYKEEP_MAX_EXPANDED_BYTES")
STEP = 1 << 18
PACK: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd.compress}

every_coding = pytest.mark.parametrize("coding", PACK)


def expand(coding: str, chunks: list[bytes], limit: Limit = LIMIT) -> bytes:
    expander = Expander(coding, limit)
    steps = [step for chunk in chunks for step in expander.feed(chunk)]
    expander.finish()
    assert all(0 < len(step) <= STEP for step in steps)
    return b"".join(steps)


@every_coding
@given(parts=st.lists(st.binary(max_size=400), max_size=4), cuts=CUTS, padding=st.integers(0, 9))
def test_any_members_in_any_chunks_expand_to_the_same(
    coding: str, parts: list[bytes], cuts: list[int], padding: int
) -> None:
    packed = b"".join(map(PACK[coding], parts)) + b"\0" * (padding if parts else 0)
    assert expand(coding, chunked(packed, cuts)) == b"".join(parts)


@every_coding
@pytest.mark.parametrize("size", [STEP - 1, STEP, STEP + 1, 4 * STEP])
def test_nothing_is_left_behind_at_the_end_of_a_step(coding: str, size: int) -> None:
    packed = PACK[coding](b"x" * size)
    assert expand(coding, [packed]) == b"x" * size
    assert expand(coding, [packed[at : at + 1] for at in range(len(packed))]) == b"x" * size


@every_coding
@given(data=st.data())
def test_a_stream_that_is_cut_off_is_refused(coding: str, data: st.DataObject) -> None:
    packed = PACK[coding](b"some rows\n" * 50)
    cut = data.draw(st.integers(1, len(packed) - 1))
    with pytest.raises(InvalidPayloadError, match=f"The {coding} stream is cut off"):
        expand(coding, chunked(packed[:cut], data.draw(CUTS)))


@every_coding
def test_garbage_within_or_behind_is_refused(coding: str) -> None:
    packed = PACK[coding](b"some rows\n" * 50)
    for broken in (packed + b"garbage", packed[:10] + b"\xff" * 30, b"no magic at all"):
        with pytest.raises(InvalidPayloadError, match=f"The {coding} stream is corrupt"):
            expand(coding, [broken])


@every_coding
def test_what_expands_beyond_the_limit_is_refused_in_time(coding: str) -> None:
    bomb = PACK[coding](bytes(64 << 20))
    expander = Expander(coding, LIMIT)
    size = 0
    with pytest.raises(BodyTooLargeError, match="TALLYKEEP_MAX_EXPANDED_BYTES"):
        for step in expander.feed(bomb):
            size += len(step)
    assert size <= LIMIT.size


def test_a_zstd_window_beyond_reason_is_refused() -> None:
    long = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
    packed = long.compress(b"x" * 100) + long.flush()
    with pytest.raises(InvalidPayloadError, match="a window larger than 8 MiB"):
        expand("zstd", [packed])


@settings(deadline=None)
@given(rows=st.binary(max_size=100), cuts=CUTS, coding=st.sampled_from([*PACK, None]))
def test_a_file_tells_by_its_first_bytes_whether_it_is_compressed(
    rows: bytes, cuts: list[int], coding: str | None
) -> None:
    plain = b"Code\n" + rows
    chunks = chunked(PACK[coding](plain) if coding else plain, cuts)

    async def body() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    async def read() -> bytes:
        return b"".join([chunk async for chunk in (await unpacked(body(), LIMIT, directly))[1]])

    assert asyncio.run(read()) == plain


def test_raw_deflate_is_not_taken_for_gzip() -> None:
    with pytest.raises(InvalidPayloadError, match="corrupt"):
        expand("gzip", [zlib.compress(b"rows")])
