"""The memory that uploads share."""

import tracemalloc
from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeVar

import pytest

from tallykeep.core.batch import Batch
from tallykeep.engine.intake.memory_budget import MemoryBudget
from tallykeep.formats.csv.splitter import CsvSplitter

Done = TypeVar("Done")

MEBIBYTE = 1 << 20


def test_who_is_alone_may_hold_more_than_one_of_many() -> None:
    budget = MemoryBudget(8 * MEBIBYTE)
    with ExitStack() as uploads:
        holders = [uploads.enter_context(budget.holder()) for _ in range(8)]
        holders[0].note(3 * MEBIBYTE)
        assert not holders[0].is_full
        for holder in holders[1:]:
            holder.note(MEBIBYTE // 2 - 1)
            assert not holder.is_full
        holders[0].note(3 * MEBIBYTE)
        assert holders[0].is_full
        for holder in holders[1:]:
            holder.note(0)
        assert not holders[0].is_full
        holders[0].note(4 * MEBIBYTE)
        assert holders[0].is_full


def test_what_ended_counts_no_more_and_everybody_may_hold_a_little() -> None:
    budget = MemoryBudget(MEBIBYTE)
    with ExitStack() as uploads:
        for _ in range(100):
            uploads.enter_context(budget.holder()).note(MEBIBYTE)
        assert budget.share == MEBIBYTE // 8
    assert budget.share == MEBIBYTE


@pytest.mark.parametrize(("uploads", "each"), [(1, 256), (8, 256), (16, 128), (32, 64), (500, 64)])
def test_what_waits_to_be_read_is_shared_out_too(uploads: int, each: int) -> None:
    budget = MemoryBudget()
    with ExitStack() as received:
        holders = [received.enter_context(budget.holder()) for _ in range(uploads)]
        capacities = [received.enter_context(holder.receiving()) for holder in holders]
        assert {capacity() for capacity in capacities} == {each << 10}
    with budget.holder() as holder, holder.receiving() as capacity:
        assert capacity() == 256 << 10


ROWS = {
    "plain": b"a,b\n",
    "quotes that do not match up": b'x","y"\n',
    "the same with blank lines": b'x","y"\n\n',
    "blank lines between": b"a,b\n\n",
    "quoted": b'"a",b\n',
    "longer": b"a note of some length,b\n",
}


@pytest.mark.parametrize("line", ROWS.values(), ids=ROWS)
def test_what_batches_are_said_to_hold_is_what_they_hold(line: bytes) -> None:
    def read() -> tuple[list[Batch], CsvSplitter]:
        splitter = CsvSplitter(batch_rows=1_000, batch_bytes=3 * MEBIBYTE, max_row_bytes=MEBIBYTE)
        return [*splitter.feed(b"Code,Value\n" + line * 20_000), *splitter.finish()], splitter

    (batches, _), held = _traced(read)
    assert 0.6 * held < sum(batch.held_bytes for batch in batches) < 1.6 * held


@pytest.mark.parametrize("line", ROWS.values(), ids=ROWS)
def test_what_waits_for_a_batch_to_be_full_is_said_to_hold_what_it_holds(line: bytes) -> None:
    def read() -> tuple[list[Batch], CsvSplitter]:
        splitter = CsvSplitter(batch_rows=100_000, batch_bytes=3 * MEBIBYTE, max_row_bytes=MEBIBYTE)
        return [*splitter.feed(b"Code,Value\n" + line * 30_000)], splitter

    (batches, splitter), held = _traced(read)
    assert not batches
    assert 0.6 * held < splitter.gathered < 1.6 * held


def _traced(read: Callable[[], Done]) -> tuple[Done, int]:
    tracemalloc.start()
    try:
        return read(), tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
