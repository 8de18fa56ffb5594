"""What the nemesis takes for an order that could have been, and what not."""

import math

from tests.crash.nemesis.ledger import Entry, Work
from tests.crash.nemesis.order import Written, find_contradictions


def entry(name: str, work: Work = Work.SHARED, started: float = 0, over: float = math.inf) -> Entry:
    return Entry(name, work, 1, started=started, answered=over, ended=over)


def wrote(of: Entry, first_row: int = 1, **sets: str) -> Written:
    return Written(of, first_row, sets)


def test_whoever_wrote_last_of_two_that_ran_at_once_any_of_them_may_have() -> None:
    written = [wrote(entry("a"), k="a", j="a"), wrote(entry("b"), k="b", j="b")]
    assert find_contradictions(written, {"k": "a", "j": "a"}) == []
    assert find_contradictions(written, {"k": "b", "j": "b"}) == []


def test_two_that_ran_at_once_cannot_both_have_been_last() -> None:
    written = [wrote(entry("a"), k="a", j="a"), wrote(entry("b"), k="b", j="b")]
    (contradiction,) = find_contradictions(written, {"k": "a", "j": "b"})
    assert contradiction.startswith("no order: ")


def test_who_was_over_before_the_other_was_submitted_cannot_have_been_last() -> None:
    written = [wrote(entry("a", over=1), k="a"), wrote(entry("b", started=2), k="b")]
    assert find_contradictions(written, {"k": "b"}) == []
    assert find_contradictions(written, {"k": "a"})


def test_in_a_sequence_the_answer_tells_who_is_in_front() -> None:
    first, second = entry("a", Work.UPDATES), entry("b", Work.UPDATES, started=2)
    first.answered = 1
    written = [wrote(first, k="a"), wrote(second, k="b")]
    assert find_contradictions(written, {"k": "b"}) == []
    assert find_contradictions(written, {"k": "a"})


def test_the_batches_of_one_entry_are_in_order_and_others_may_come_between() -> None:
    one = entry("a")
    written = [wrote(one, 1, k="a 1", j="a 1"), wrote(one, 251, k="a 251"), wrote(entry("b"), k="b", j="b")]
    assert find_contradictions(written, {"k": "a 251", "j": "b"}) == []
    assert find_contradictions(written, {"k": "a 1", "j": "a 1"})


def test_a_value_that_is_lost_or_that_nobody_wrote_is_told() -> None:
    assert find_contradictions([wrote(entry("a"), k="a")], {}) == ["k is None, of ['a']"]
    assert find_contradictions([], {"k": "x"}) == ["k is 'x', which nobody wrote"]
