"""The memory that uploads share."""

from contextlib import ExitStack

from tallykeep.engine.intake.memory_budget import MemoryBudget

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
