"""How a batch stands in its table: the body compressed where that is worth it, and what was sent of it read again."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from tallykeep.core.batch import Batch
from tallykeep.core.errors import UnreadableActionError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_WORTH_BYTES = 1 << 14  # fewer take longer to hand to a thread than to store
# The fastest level that finds what repeats from row to row; the checksum tells bytes that the disk has changed.
_PARAMETERS = zstd.CompressionParameter
_OPTIONS: dict[int, int] = {_PARAMETERS.compression_level: 1, _PARAMETERS.checksum_flag: 1}
_beside_the_loop = ThreadPoolExecutor(2, "compression")


class StoredBatch(NamedTuple):
    """The columns of the table that make a batch; without an `uncompressed_size` the body stands as it came."""

    first_row: int
    row_count: int
    body: bytes
    uncompressed_size: int | None
    lines: list[int] | None
    broken: list[int] | None


async def to_be_stored(batches: Sequence[Batch]) -> list[StoredBatch]:
    """Return what is stored of these; large bodies are compressed beside the event loop."""
    if all(len(batch.body) <= _WORTH_BYTES for batch in batches):
        return list(map(stored_form, batches))
    compress = asyncio.get_running_loop().run_in_executor
    return [await compress(_beside_the_loop, stored_form, batch) for batch in batches]


def stored_form(batch: Batch) -> StoredBatch:
    """Return what is stored of one batch."""
    body, uncompressed_size = _compressed(batch.body)
    return StoredBatch(batch.first_row, batch.row_count, body, uncompressed_size, batch.lines, batch.broken)


def _compressed(body: bytes) -> tuple[bytes, int | None]:
    if len(body) <= _WORTH_BYTES:
        return body, None
    compressed = zstd.compress(body, options=_OPTIONS)
    return (compressed, len(body)) if len(compressed) < len(body) else (body, None)


def batch_of(row: Mapping[str, Any]) -> Batch:
    """Return the batch that these columns of a row of the table are; a body of a megabyte takes a millisecond.

    Raises UnreadableActionError where the body is not what was written.
    """
    body, uncompressed_size = row["body"], row["uncompressed_size"]
    body = bytes(body) if uncompressed_size is None else _expanded(body, uncompressed_size, row["first_row"])
    return Batch(row["first_row"], row["row_count"], body, row["lines"], row["broken"])


def _expanded(body: bytes, size: int, first_row: int) -> bytes:
    try:
        expanded = zstd.decompress(body)
    except zstd.ZstdError as error:
        raise UnreadableActionError(f"the batch at row {first_row} is damaged: {error}") from error
    if len(expanded) != size:
        raise UnreadableActionError(f"the batch at row {first_row} is damaged: {len(expanded)} bytes instead of {size}")
    return expanded
