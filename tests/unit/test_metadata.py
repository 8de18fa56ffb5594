"""Metadata schemas: reasons to the letter of the captured examples, and every type and rule."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallykeep.core.errors import InvalidPayloadError
from tallykeep.resources.fields.cleaning import Problem
from tallykeep.resources.lists.export import as_cell
from tallykeep.resources.metadata.checker import MetadataChecker, MetadataSchema
from tallykeep.resources.metadata.schemas import clean_properties
from tallykeep.resources.vouchers.importing.metadata_columns import MetadataCells


def checker(definition: dict[str, Any], **options: Any) -> MetadataChecker:
    return MetadataChecker(MetadataSchema(clean_properties({"unit": definition}), **options))


def problems(definition: dict[str, Any], value: Any) -> list[str]:
    return checker(definition).problems({"unit": value})


@pytest.mark.parametrize(
    ("key", "definition", "value", "reason"),
    [
        (
            "unit",
            {"type": "number", "optional": False},
            "EUR",
            "unit: must be a number, property is required (actual value is 'EUR')",
        ),
        (
            "unit",
            {"type": "number", "optional": True, "eq": [1, 2]},
            "EUR",
            "unit: must be a number, must be equal to one of 1,2 (actual value is 'EUR')",
        ),
        (
            "vendor",
            {"type": "string", "optional": False, "eq": ["Vendor 1", "Vendor 2"]},
            "Vendor 3",
            "vendor: must be a string, property is required, must be equal to one of Vendor 1,Vendor 2 "
            "(actual value is 'Vendor 3')",
        ),
    ],
)
def test_captured_reasons(key: str, definition: dict[str, Any], value: Any, reason: str) -> None:
    schema = MetadataSchema(clean_properties({key: definition}))
    assert MetadataChecker(schema).problems({key: value}) == [reason]


TYPES: list[tuple[str, list[Any], list[Any]]] = [
    ("string", ["", "x"], [1, True, [], {}]),
    ("number", [0, -1.5, 2**60], ["1", True, []]),
    ("boolean", [True, False], ["true", 1]),
    ("date", ["2022-01-31"], ["2022-02-31", "31.01.2022", 20220131]),
    ("datetime", ["2022-01-31T10:00:00Z", "2022-01-31T10:00:00.123+02:00"], ["10:00", "0001-01-01T00:00:00+14:00"]),
    ("image_url", ["https://example.com/a.png"], ["a.png", 1]),
    ("geopoint", ["52.2,21.0", {"lat": 1, "lon": 2}], ["91,0", "x", {"lat": 1}, "1,2,3"]),
    ("object", [{}, {"a": 1}], ["{}", []]),
]


@pytest.mark.parametrize(("value_type", "good", "bad"), TYPES, ids=[row[0] for row in TYPES])
def test_types_alone_and_in_arrays(value_type: str, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        assert problems({"type": value_type}, value) == []
    for value in bad:
        assert len(problems({"type": value_type}, value)) == 1
        assert len(problems({"type": value_type, "array": True}, [*good, value])) == 1
    assert problems({"type": value_type, "array": True}, good) == []
    assert len(problems({"type": value_type, "array": True}, good[0])) == 1
    assert problems({"type": value_type}, None) == []


@pytest.mark.parametrize(
    ("rule", "good", "bad", "words"),
    [
        ({"type": "number", "ne": [1, 2]}, 3, 2, "must not be equal to any of 1,2"),
        ({"type": "number", "lt": 5}, 4.9, 5, "must be less than 5"),
        ({"type": "number", "lte": 5}, 5, 5.1, "must be less than or equal to 5"),
        ({"type": "number", "gt": 5}, 6, 5, "must be greater than 5"),
        ({"type": "number", "gte": 5.5}, 5.5, 5, "must be greater than or equal to 5.5"),
        ({"type": "string", "min_length": 2}, "ab", "a", "must have at least 2 characters"),
        ({"type": "string", "max_length": 2}, "ab", "abc", "must have at most 2 characters"),
        ({"type": "string", "exact_length": 2}, "ab", "abc", "must have exactly 2 characters"),
    ],
)
def test_rules(rule: dict[str, Any], good: Any, bad: Any, words: str) -> None:
    assert problems(rule, good) == []
    (reason,) = problems(rule, bad)
    assert words in reason


def test_required_keys_that_are_missing_and_keys_that_are_not_defined() -> None:
    strict = checker({"type": "number", "optional": False}, allow_defined_only=True)
    assert strict.problems({"colour": "red"}) == [
        "colour: is not defined in the metadata schema (actual value is 'red')",
        "unit: must be a number, property is required (no value was given)",
    ]


def test_removed_definitions_no_longer_count() -> None:
    removed = {"type": "number", "optional": False, "deleted": True}
    assert checker(removed).problems({"unit": "EUR"}) == []
    assert len(checker(removed, allow_defined_only=True).problems({"unit": 1})) == 1


def test_a_nested_object_is_held_to_its_own_schema() -> None:
    nested = {"Address": MetadataSchema(clean_properties({"zip": {"type": "string", "optional": False}}))}
    outer = MetadataSchema(clean_properties({"home": {"type": "object", "object_type": "Address"}}), nested=nested)
    assert MetadataChecker(outer).problems({"home": {"zip": "00-001"}}) == []
    assert MetadataChecker(outer).problems({"home": {"zip": 1}}) == [
        "home.zip: must be a string, property is required (actual value is '1')"
    ]


def test_metadata_that_cannot_be_stored_is_refused() -> None:
    plain = MetadataChecker(None)
    assert plain.problems({"note": "fine \\u0000 text"}) == []
    assert plain.problems({"note": "\0"}) == ["metadata must not contain the character U+0000"]
    deep: Any = "bottom"
    for _ in range(40):
        deep = [deep]
    assert plain.problems({"deep": deep}) == ["metadata must not be nested deeper than 32 levels"]


def test_cells_are_typed_by_their_definition() -> None:
    read = checker({"type": "number", "array": True}).from_cell("unit")
    assert read("123, 4.5,x") == [123, 4.5, "x"]
    assert checker({"type": "boolean"}).from_cell("unit")("TRUE") is True
    assert checker({"type": "string"}).from_cell("unit")("12") == "12"
    assert checker({"type": "number"}).from_cell("unit")("EUR") == "EUR"
    assert MetadataChecker(None).from_cell("other")("12") == "12"


@pytest.mark.parametrize(
    ("definition", "where"),
    [
        ({"type": "colour"}, "properties.unit.type"),
        ({"type": "string", "optional": "no"}, "properties.unit.optional"),
        ({"type": "string", "lt": 3}, "properties.unit.lt"),
        ({"type": "number", "eq": ["1"]}, "properties.unit.eq"),
        ({"type": "boolean", "eq": [True]}, "properties.unit.eq"),
        ({"type": "string", "min_length": -1}, "properties.unit.min_length"),
        ("string", "properties.unit"),
    ],
)
def test_definitions_that_make_no_sense_are_refused_by_name(definition: Any, where: str) -> None:
    with pytest.raises(InvalidPayloadError, match=where):
        clean_properties({"unit": definition})


def test_cells_are_typed_however_they_are_spelled() -> None:
    def read(value_type: str, cell: str) -> Any:
        return checker({"type": value_type}).from_cell("unit")(cell)

    assert (read("number", "25,5"), read("number", "1.250,00"), read("number", "15%")) == (25.5, 1250.0, 15)
    assert (read("number", "25.00 €"), read("number", "-3"), read("number", "1e3")) == (25, -3, 1000)
    assert read("number", "123456789012345678901") == 123456789012345678901
    assert (read("number", "true"), read("number", "null"), read("number", "1e400")) == ("true", "null", "1e400")
    assert (read("boolean", "ja"), read("boolean", "PRAWDA"), read("date", "31.12.2026")) == (True, True, "2026-12-31")
    assert read("datetime", "12/31/2026 11:59 PM UTC") == "2026-12-31T23:59"
    assert read("date", "1980-05-01T00:00:00+02:00") == "1980-05-01T00:00:00+02:00"
    assert (read("datetime", "31.12.2026 10:00"), read("string", "31.12.2026")) == ("2026-12-31T10:00", "31.12.2026")


@pytest.mark.parametrize(
    ("value_type", "cell", "reason"),
    [
        ("number", "1,250", "may be 1250 or 1.250, write it as 1250 or as 1.25"),
        ("number", "5.000 €", "may be 5000 or 5.000, write it as 5000 or as 5"),
        ("date", "01/02/2026", "may be day/month or month/day"),
    ],
)
def test_cells_that_cannot_be_told_are_refused_with_what_to_write(value_type: str, cell: str, reason: str) -> None:
    demanded = checker({"type": value_type, "optional": False})
    cells = MetadataCells([(0, "unit", demanded.from_cell("unit"))], demanded)
    (problem,) = cells.read([cell])[1]
    assert problem.startswith(f"unit: {reason}")
    assert problem.endswith(f"(actual value is '{cell}')")


@given(st.floats(allow_nan=False, allow_infinity=False, width=32) | st.integers(-(2**63), 2**63 - 1))
def test_every_number_that_is_written_reads_back_the_same_or_is_refused(number: float) -> None:
    try:
        read = checker({"type": "number"}).from_cell("unit")(repr(number))
    except Problem as problem:
        assert str(problem).startswith("may be")
    else:
        assert (read, type(read) is str) == (number, False)


@pytest.mark.parametrize(
    ("value_type", "cell", "items"),
    [
        ("string", '["a","b, c"]', ["a", "b, c"]),
        ("string", " ['a', 'b, c'] ", ["a", "b, c"]),
        ("string", "[]", []),
        ("string", "a, b", ["a", "b"]),
        ("string", '"a", "b, c"', ["a", "b, c"]),
        ("string", '19" screen, 21" screen', ['19" screen', '21" screen']),
        ("string", "[new] a, [old] b", ["[new] a", "[old] b"]),
        ("number", '"1,5", "2"', [1.5, 2]),
        ("number", '[1.250, "2,5", 3]', [1.25, 2.5, 3]),
        ("number", "15%, 2.5", [15, 2.5]),
        ("boolean", '[true, "ja"]', [True, True]),
        ("date", '["31.12.2026"]', ["2026-12-31"]),
        ("object", '[{"a":1},{"b":2}]', [{"a": 1}, {"b": 2}]),
        ("object", '{"a":1,"c":3},{"b":2}', [{"a": 1, "c": 3}, {"b": 2}]),
        ("geopoint", '["52.2,21.0"]', ["52.2,21.0"]),
    ],
)
def test_an_array_in_a_cell_is_that_array(value_type: str, cell: str, items: list[Any]) -> None:
    assert checker({"type": value_type, "array": True}).from_cell("unit")(cell) == items


@given(
    st.lists(st.text("ab ,\"[]'{}\n", max_size=5) | st.sampled_from(["null", "1.250"]), min_size=1).map(
        lambda items: ("string", items)
    )
    | st.lists(st.integers(-5000, 5000) | st.sampled_from([1.25, 1.234, -12.345, 0.125]), min_size=1).map(
        lambda items: ("number", items)
    )
)
def test_an_array_in_a_downloaded_file_is_read_as_the_same(typed_items: tuple[str, list[Any]]) -> None:
    value_type, items = typed_items
    cell = as_cell(items)
    assert cell.strip() not in ("", "null")
    assert checker({"type": value_type, "array": True}).from_cell("unit")(cell) == items


def test_a_number_in_a_downloaded_file_is_never_unclear() -> None:
    assert [as_cell(number) for number in (1.234, 12.5, 1234, 0.125)] == ["1.2340", "12.5", "1234", "0.125"]
    assert checker({"type": "number"}).from_cell("unit")(as_cell(1.234)) == 1.234


@pytest.mark.parametrize(
    "cell", ["[a,b]", '["a",b]', "['a','it's']", "[1,]", '["a","b"', "['a', 'b'", '"a","b', 'a,"b,c"', ', "a"b']
)
def test_what_is_only_half_an_array_is_refused(cell: str) -> None:
    with pytest.raises(Problem, match="must be an array like"):
        checker({"type": "string", "array": True}).from_cell("unit")(cell)
