"""Reasons without what rows held, whatever that was, and with all words of their own."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallykeep.engine.erasing.values_in_reasons import reason_without_values
from tallykeep.formats.people.person import Person
from tallykeep.resources.fields.cleaning import actual

ANN = Person(keys=frozenset({"1001"}))
DATE = "must be a date like 2022-09-26 or 2022-09-26T13:00:00Z"
_JSON = st.recursive(
    st.text() | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(_JSON)
def test_values_go_whatever_they_hold(value: Any) -> None:
    reason = f"birthdate: {DATE} {actual(value)}; name: must be a string {actual([value])}"
    row = {"birthdate": value, "name": [value]}
    assert reason_without_values(reason, row, Person()) == f"birthdate: {DATE}; name: must be a string"


@pytest.mark.parametrize(
    "value",
    ["01') form27", "about '79') Secretville", "no'); x: y (actual value is 'z')", "')", "x'), y", "'" * 99, "')" * 90],
)
def test_a_value_goes_that_looks_like_the_end_of_one(value: str) -> None:
    reason = f"Birthdate: {DATE} {actual(value)}; Email: x {actual('5')}"
    assert reason_without_values(reason, {"Birthdate": value, "Email": "5"}, ANN) == f"Birthdate: {DATE}; Email: x"


def test_a_value_that_the_row_does_not_hold_goes_as_far_as_can_be_told() -> None:
    assert reason_without_values("a: x (actual value is '1') y'); b: z", {}, ANN) == "a: x; b: z"
    assert reason_without_values("a: x (actual value is '1') y", {}, ANN) == "a: x"


@pytest.mark.parametrize("key", ["P-7\u200b", "P-7\u00a0\u200b!"])
def test_keys_with_invisible_characters_go_as_they_are_shown(key: str) -> None:
    shown = key.replace("\u200b", "<U+200B>")
    reason = f"source_id: must not contain it (actual value is '{shown}'); x"
    assert reason_without_values(reason, {"source_id": key}, ANN) == "source_id: must not contain it; x"


@pytest.mark.parametrize(
    "reason",
    [
        "the row has 5 cells, but the header has 3", "name: must be a string", f"Birthdate: {DATE}",
        "Email: is missing",
        "source_id: must be at most 1024 bytes long", "the row is not UTF-8; save the file as UTF-8",
    ],
)  # fmt: skip
def test_words_of_the_reason_stay_that_equal_a_cell(reason: str) -> None:
    words = ["cells", "header", "string", "Email", "Birthdate", "name", "1024", "UTF-8", "2022-09-26", "must"]
    assert reason_without_values(reason, words, ANN) == reason


def test_a_reason_too_long_to_be_searched_goes_whole() -> None:
    names = {f"Name {number}": 1 for number in range(100_000)}
    reason = "; ".join(f"{name}: must be a text {actual(1)}" for name in names)
    assert reason_without_values(reason, {"metadata": names}, ANN) == "erased"


def test_names_of_metadata_go_and_names_of_fields_stay() -> None:
    row = {"birthdate": "x", "metadata": {"Ann's Street": {"x": 1}}, "customer": {"metadata": {"Mueller Hof": 1}}}
    reason = "birthdate: no; metadata.Ann's Street: must be a text; Mueller Hof: must not be; 1001 is there"
    assert reason_without_values(reason, row, ANN) == (
        "birthdate: no; metadata.erased: must be a text; erased: must not be; erased is there"
    )
