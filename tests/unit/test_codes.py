"""Codes by rule: every number has its code, and a walk meets every number once."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from tallykeep.resources.fields import cleaning
from tallykeep.resources.fields.code_rules import CodeRule, Walk, code_rule

AFFIXES = st.sampled_from(["", "A", "X-", "#", "ü"])
CHARSETS = st.text(st.sampled_from("AB01ü-🎁"), min_size=1, max_size=6)  # signs that come twice among them
PATTERNS = st.text(st.sampled_from("#-A"), min_size=1, max_size=5).filter(lambda pattern: "#" in pattern)


@given(charset=CHARSETS, pattern=PATTERNS, prefix=AFFIXES, postfix=AFFIXES)
def test_every_number_has_the_code_of_its_own_that_could_be_drawn(
    charset: str, pattern: str, prefix: str, postfix: str
) -> None:
    rule = code_rule({"charset": charset, "pattern": pattern, "prefix": prefix, "postfix": postfix})
    every = {
        prefix + "".join(characters) + postfix
        for characters in itertools.product(*(charset if character == "#" else character for character in pattern))
    }
    codes = rule.codes_at(range(rule.possible))
    assert len(codes) == rule.possible == len(set(codes))
    assert set(codes) == every
    assert set(rule.make_many(100)) <= every
    assert all(cleaning.key_text(code) == code for code in codes)
    last = rule.possible - 1
    assert rule.codes_at([last, 0]) == [codes[last], codes[0]]


@given(charset=CHARSETS, pattern=PATTERNS)
def test_rules_of_one_space_are_known_as_such(charset: str, pattern: str) -> None:
    shuffled = CodeRule(charset[::-1] + charset, pattern)
    assert shuffled.space == CodeRule(charset, pattern).space
    assert shuffled.space != CodeRule(charset, pattern, prefix="P").space


@given(size=st.integers(1, 500), part_size=st.integers(1, 500))
def test_a_walk_meets_every_number_once(size: int, part_size: int) -> None:
    walk = Walk(size)
    met = [number for first in range(0, size, part_size) for number in walk.part(first, part_size)]
    assert sorted(met) == list(range(size))


def test_no_two_walks_are_the_same() -> None:
    assert len({tuple(Walk(1_000_003).part(0, 3)) for _ in range(50)}) == 50
