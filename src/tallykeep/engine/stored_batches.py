"""How a batch stands in its table: the body compressed where that is worth it, and expanded when it is read."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import structlog

from tallykeep.core.batch import Batch
from tallykeep.core.errors import DamagedBatchError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_WORTH_BYTES = 1 << 14  # fewer are stored as quickly as they are handed to a thread
_MANY_BYTES = 1 << 18  # so many take a moment to expand
# The fastest level that finds what repeats from row to row; the checksum shows that a disk has changed something.
_PARAMETERS = zstd.CompressionParameter
_OPTIONS: dict[int, int] = {_PARAMETERS.compression_level: 1, _PARAMETERS.checksum_flag: 1}
_log = structlog.get_logger()
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
    return [await _to_be_stored(batch) for batch in batches]


async def _to_be_stored(batch: Batch) -> StoredBatch:
    if len(batch.body) <= _WORTH_BYTES:
        return stored_form(batch)
    return await asyncio.get_running_loop().run_in_executor(_beside_the_loop, stored_form, batch)


def stored_form(batch: Batch) -> StoredBatch:
    """Return what is stored of one batch."""
    body, uncompressed_size = _compressed(batch.body)
    return StoredBatch(batch.first_row, batch.row_count, body, uncompressed_size, batch.lines, batch.broken)


def _compressed(body: bytes) -> tuple[bytes, int | None]:
    if len(body) <= _WORTH_BYTES:
        return body, None
    compressed = zstd.compress(body, options=_OPTIONS)
    return (compressed, len(body)) if len(compressed) < len(body) else (body, None)


async def read_batch(row: Mapping[str, Any]) -> Batch:
    """Return the batch that these columns of a row of the table are; a large one is expanded beside the event loop.

    Raises DamagedBatchError.
    """
    if (row["uncompressed_size"] or 0) < _MANY_BYTES:
        return batch_of(row)
    return await asyncio.get_running_loop().run_in_executor(_beside_the_loop, batch_of, row)


def batch_of(row: Mapping[str, Any]) -> Batch:
    """Return the batch that these columns of a row of the table are, in a thread where it is large.

    Raises DamagedBatchError where the body is not what was written.
    """
    body, uncompressed_size = row["body"], row["uncompressed_size"]
    body = bytes(body) if uncompressed_size is None else _expanded(body, uncompressed_size, row)
    return Batch(row["first_row"], row["row_count"], body, row["lines"], row["broken"])


def _expanded(body: bytes, size: int, row: Mapping[str, Any]) -> bytes:
    try:
        said = zstd.get_frame_info(body).decompressed_size  # first, so that damage cannot ask for any amount of memory
        expanded = zstd.decompress(body) if said == size else b""
    except zstd.ZstdError as error:
        raise _damaged(row, str(error)) from error
    if len(expanded) != size:
        raise _damaged(row, "it has another size")
    return expanded


def _damaged(row: Mapping[str, Any], how: str) -> DamagedBatchError:
    action_id = row.get("action_id")
    _log.error("a batch is damaged", row=row["first_row"], action_id=action_id, reason=how)
    of_action = f" of the action {action_id}" if action_id else ""
    return DamagedBatchError(f"What is stored of the batch at row {row['first_row']}{of_action} is damaged: {how}")
