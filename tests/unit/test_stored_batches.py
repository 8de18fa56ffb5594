"""Batches in their table: what was written is what is read, and what the disk has changed is no batch."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallykeep.core.batch import Batch
from tallykeep.core.errors import DamagedBatchError
from tallykeep.engine.stored_batches import batch_of, stored_form, to_be_stored

LINES = b"".join(b"C-%d,GIFT_VOUCHER,%d\n" % (number, number * 7) for number in range(2_000))


def columns(batch: Batch) -> dict[str, Any]:
    return stored_form(batch)._asdict()


@given(
    piece=st.binary(max_size=300),
    times=st.integers(0, 300),
    rest=st.binary(max_size=100),
    lines=st.none() | st.lists(st.integers(1, 1 << 40), max_size=4),
    broken=st.none() | st.lists(st.integers(0, 1 << 20), max_size=4),
)
def test_what_is_stored_is_read_again(
    piece: bytes, times: int, rest: bytes, lines: list[int] | None, broken: list[int] | None
) -> None:
    batch = Batch(7, 3, piece * times + rest, lines, broken)
    row = columns(batch)
    assert batch_of(row) == batch
    assert len(row["body"]) <= len(batch.body)
    assert (row["uncompressed_size"] is None) == (row["body"] == batch.body)


def test_a_large_body_is_compressed_and_a_small_one_is_not() -> None:
    small, large = Batch(1, 1, LINES[:16_384]), Batch(1, 2_000, LINES)
    assert columns(small)["body"] == small.body
    assert columns(large)["uncompressed_size"] == len(LINES)
    assert len(columns(large)["body"]) < len(LINES) / 2


def test_batches_of_all_sizes_keep_their_order() -> None:
    batches = [Batch(row, 1, LINES[:size]) for row, size in enumerate((0, 20_000, 5, 40_000), start=1)]
    stored = asyncio.run(to_be_stored(batches))
    assert [batch_of(each._asdict()) for each in stored] == batches


@pytest.mark.parametrize(
    "changed",
    [
        lambda row: row | {"body": row["body"][:-8]},
        lambda row: row | {"body": row["body"][: len(row["body"]) // 2]},
        lambda row: row | {"body": LINES},
        lambda row: row | {"uncompressed_size": row["uncompressed_size"] + 1},
        lambda row: row | {"body": b""},
    ],
    ids=["cut", "half", "not compressed", "other size", "nothing"],
)
def test_a_damaged_body_is_no_batch(changed: Any) -> None:
    with pytest.raises(DamagedBatchError, match="the batch at row 9 is damaged"):
        batch_of(changed(columns(Batch(9, 2_000, LINES))))


@given(at=st.integers(0), bit=st.integers(0, 7))
def test_no_bit_of_a_body_changes_unnoticed(at: int, bit: int) -> None:
    row = columns(Batch(9, 2_000, LINES))
    body = bytearray(row["body"])
    body[at % len(body)] ^= 1 << bit
    try:
        read = batch_of(row | {"body": bytes(body)})
    except DamagedBatchError:
        return
    assert read.body == LINES  # a bit that says nothing about the content
