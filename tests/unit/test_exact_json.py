"""Numbers come out of JSON as they went in, digit by digit."""

import json
import re
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallykeep.core import exact_json

digits = st.text("0123456789", min_size=1, max_size=40)
integers = st.builds(lambda character, text: character + (text.lstrip("0") or "0"), st.sampled_from(["", "-"]), digits)
powers = st.builds("{}{}".format, st.sampled_from(["e", "E", "e+", "e-", "E+"]), st.integers(0, 250))
numbers = st.builds(
    lambda integer, fraction, power: integer + fraction + power,
    integers,
    st.just("") | digits.map(".{}".format),
    st.just("") | powers,
)
texts = st.recursive(
    numbers | st.sampled_from(['"1e28 12345678901234567890"', "null", "true", '"\\u0000"']),
    lambda inner: st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]")
    | st.lists(inner, max_size=3).map(
        lambda parts: "{" + ",".join(f'"k{at}": {part}' for at, part in enumerate(parts)) + "}"
    ),
    max_leaves=6,
)  # fmt: skip


def exactly(text: str | bytes) -> Any:
    return json.loads(text, parse_int=Decimal, parse_float=Decimal)


@given(texts)
def test_what_is_written_is_what_was_read(text: str) -> None:
    assert exactly(exact_json.dumps(exact_json.loads(text))) == exactly(text)


@given(texts)
def test_it_is_read_alike_from_text_and_bytes(text: str) -> None:
    assert exact_json.loads(text.encode()) == exact_json.loads(bytearray(text.encode())) == exact_json.loads(text)


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**64 - 1))
def test_what_a_float_or_64_bits_hold_is_a_number_to_count_with(number: float) -> None:
    read = exact_json.loads(orjson.dumps(number))
    assert isinstance(read, int | float)
    assert read == number


@pytest.mark.parametrize(
    "text",
    [
        "1e400",
        "-1e400",
        "1" * 400,
        "0." + "1" * 1_001,
        "1e-1001",
        "[1E+999999]",
        "0e9999999999999999999",
        "1e-9999999999999999999",
    ],
)
def test_what_nobody_can_hold_is_refused_with_a_way_out(text: str) -> None:
    with pytest.raises(exact_json.DecodeError, match="send it as a string"):
        exact_json.loads(text)


@pytest.mark.parametrize(
    "text", ["NaN", "[Infinity]", "01234567890123456789", "1.", '"\\ud800"', "[" * 1_100 + "]" * 1_100]
)
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(exact_json.DecodeError):
        exact_json.loads(text)


def test_deep_nesting_around_a_long_number_is_read_or_refused() -> None:
    for depth in (10, 500, 900, 1_024):
        text = "[" * depth + "123456789012345678901" + "]" * depth
        try:
            read = exact_json.loads(text)
        except exact_json.DecodeError:
            continue
        for _ in range(depth):
            (read,) = read
        assert read == Decimal("123456789012345678901")


@given(st.lists(texts | st.text(st.sampled_from('0123456789.-+eE:,[ "\\'), max_size=40).map(json.dumps), max_size=5))
def test_digits_within_strings_are_no_long_numbers(parts: list[str]) -> None:
    numerals: list[str] = []
    json.loads(f"[{','.join(parts)}]", parse_int=numerals.append, parse_float=numerals.append)
    long = [text for text in numerals if re.search("^[^eE]{16}|[eE].{3}", text)]
    assert exact_json.has_long_numbers(f"[{','.join(parts)}]".encode()) == bool(long)


@pytest.mark.parametrize(
    "text", ["4111111111111111", "2026-01-01T10:00:00.123456+00:00", ": 1e400", '\\", 1' + "0" * 20]
)
def test_what_only_looks_like_a_long_number_is_no_detour(text: str) -> None:
    assert not exact_json.has_long_numbers(json.dumps({"card": text, "n": [1, 2.5, -30]}).encode())


@pytest.mark.parametrize(("number", "is_usual"), [
    ("0", True), ("-12.5", True), ("2.0", True), ("123456789012345", True), ("0.00001", True),
    ("1.10", False), ("1.00", False), ("1e2", False), ("1E-7", False), ("1234567890123456", False),
    ("0.12345678901234567", False),
])  # fmt: skip
def test_numbers_are_usual_where_they_are_written_as_they_were_read(number: str, is_usual: bool) -> None:
    for text in (f'{{"a":{number}}}', f'{{"a": {number} , "b":[ 1,{number}]}}', f"[{number},0]"):
        assert exact_json.has_usual_numbers(text.encode()) == is_usual
    assert exact_json.has_usual_numbers(json.dumps({"a": f"x{number}x"}).encode())
