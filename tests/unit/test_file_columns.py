"""Which rows of a file PostgreSQL may merge by itself, and what it is given of them."""

from typing import Any

import pytest

from tallykeep.core.rows import Row, Table
from tallykeep.resources.customers.spec import CUSTOMER
from tallykeep.resources.metadata.checker import MetadataChecker, MetadataSchema
from tallykeep.resources.products.spec import PRODUCT
from tallykeep.resources.skus.spec import SKU
from tallykeep.resources.upserts.by_column.fast_csv import file_columns
from tallykeep.resources.upserts.spec import UpsertSpec

ANY = MetadataChecker(None)
PRODUCT_HEADER = ["source_id", "name", "price", "attributes", "Tier", ""]


def sorted_out(spec: UpsertSpec, header: list[str], *rows: list[str]) -> tuple[dict[str, list[str]], list[int]]:
    """What is ready, as texts by column, by key; and the numbers of the irregular rows."""
    columns = file_columns(spec, header, ANY)
    assert columns is not None
    ready, failures, _, irregular = columns.sort_out([Row(number, cells) for number, cells in enumerate(rows, 1)])
    assert not failures
    texts = [text.split("\t") for text in ready.column_texts]
    return dict(zip(ready.keys, texts, strict=True)), [row.number for row in irregular]


def test_cells_become_the_texts_that_are_copied() -> None:
    header = ["Source_id", "Name", "City", "Country", "Birthday", "Tier", "Note"]
    ready, irregular = sorted_out(
        CUSTOMER, header, ["A", " Ada ", "Kiel", "", "2022-01-01", "gold", "null"], [" B ", "\\N", *[""] * 5]
    )
    assert ready == {
        "A": ["Ada", r"\N", r"\N", r"\N", "2022-01-01", '{"city":"Kiel"}', '{"Tier":"gold","Note":null}'],
        "B": [r"\\N", *[r"\N"] * 6],
    }
    assert not irregular


def test_what_rows_refer_to_is_told_as_they_name_it() -> None:
    columns = file_columns(SKU, ["product_id", "source_id", "attributes"], ANY)
    assert columns is not None
    cells = [["p-1", "A", "{'size':'XS'}"], [" prod_2 ", "B", ""], ["", "C", ""], ["null", "D", ""]]
    ready, _, _, irregular = columns.sort_out([Row(number, each) for number, each in enumerate(cells, 1)])
    assert ready.references == ["p-1", "prod_2"]
    assert [text.split("\t")[:5] for text in ready.column_texts] == [
        ["p-1", r"\N", r"\N", r"\N", '{"size":"XS"}'],
        ["prod_2", *[r"\N"] * 4],
    ]
    assert [row.number for row in irregular] == [3, 4]


@pytest.mark.parametrize(
    ("spec", "header", "lack"),
    [
        (PRODUCT, ["source_id", "price"], True),
        (SKU, ["source_id", "price"], True),
        (SKU, ["source_id", "product_id"], False),
        (CUSTOMER, ["Source_id"], False),
    ],
)
def test_without_a_required_column_rows_only_change_what_is_there(
    spec: UpsertSpec, header: list[str], lack: bool
) -> None:
    columns = file_columns(spec, header, ANY)
    assert columns is not None
    assert columns.lack_required is lack


def test_a_null_within_an_object_needs_a_closer_look() -> None:
    header = ["source_id", "product_id", "attributes"]
    ready, irregular = sorted_out(SKU, header, ["A", "P", "{'size':null}"], ["B", "P", "{'size':'null'}"])
    assert (list(ready), irregular) == (["B"], [1])


@pytest.mark.parametrize(
    "cells",
    [
        ["null", "Shoe"],
        ["", "Shoe"],
        ["back\\slash", "Shoe"],
        ["long" * 70, "Shoe"],
        ["X", ""],
        ["X", "null"],
        ["X", "Shoe", "", "", "nul\0"],
        ["X", "Shoe", "", "", "", "", "surplus"],
    ],
)
def test_what_needs_a_closer_look_is_left(cells: list[str]) -> None:
    filled = [*cells, *[""] * (len(PRODUCT_HEADER) - len(cells))]
    ready, irregular = sorted_out(PRODUCT, PRODUCT_HEADER, ["A", "Boot", *[""] * 4], filled, ["B", "Sock", *[""] * 4])
    assert (list(ready), irregular) == (["A", "B"], [2])


@pytest.mark.parametrize(
    ("cells", "key", "reason"),
    [
        (["x" * 1_100, "Shoe"], None, "source_id: must be at most 1024 bytes long"),
        (["\u200bX", "Shoe"], None, "source_id: must not contain the invisible character U+200B"),
        (["X", "nul\0"], "X", "name: must not contain the character U+0000"),
        (["X", "Shoe", "1.234"], "X", "price: may be 1234 or 1.234, write it as 1234 or as 1.2340"),
        (["", "Shoe", "", '["a'], None, "attributes: must be an array"),
        (["X", "Shoe", "", "", "", "nameless"], "X", "column 6 has a value, but no name in the header"),
        (
            ["null", "Shoe", "ten", "", "", "nameless"],
            None,
            "price: must be a number (actual value is 'ten'); column 6",
        ),
    ],
)
def test_what_cannot_be_read_fails(cells: list[str], key: str | None, reason: str) -> None:
    columns = file_columns(PRODUCT, PRODUCT_HEADER, ANY)
    assert columns is not None
    filled = [*cells, *[""] * (len(PRODUCT_HEADER) - len(cells))]
    ready, failures, _, irregular = columns.sort_out([Row(1, ["A", "Boot", *[""] * 4]), Row(2, filled)])
    assert (ready.keys, irregular) == (["A"], [])
    [failure] = failures
    assert (failure.row, failure.key, failure.reason[: len(reason)]) == (2, key, reason)
    assert failure.error_key == "invalid_product"


TIERED = MetadataChecker(
    MetadataSchema({"Tier": {"type": "string", "eq": ["gold"], "optional": False}, "Score": {"type": "number"}})
)
TIER_REASON = "Tier: must be a string, property is required, must be equal to one of gold (actual value is 'tin')"


@pytest.mark.parametrize(
    ("header", "cells", "refused"),
    [
        (["source_id", "name", "Tier", "Score"], ["A", "Shoe", "tin", "1"], True),
        (["source_id", "name", "Tier", "Score"], ["A", "Shoe", "tin", "null"], True),
        # What exists may have a wrong score, or a tier.
        (["source_id", "name", "Tier", "Score"], ["A", "Shoe", "tin", ""], False),
        (["source_id", "name", "Tier", "Score"], ["A", "Shoe", "", "1"], False),
        (["source_id", "name", "Tier"], ["A", "Shoe", "tin"], False),
        # Which of two comes first, what there is tells.
        (["source_id", "name", "Tier", "Score"], ["A", "Shoe", "tin", "many"], False),
        (["source_id", "name", "Tier", "Score"], ["", "Shoe", "tin", "1"], False),
        (["source_id", "name", "Tier", "Score"], ["A", "", "tin", "1"], False),
        (["source_id", "price", "Tier", "Score"], ["A", "1.50", "tin", "1"], False),
        (["source_id", "name", "Tier", "Tier", "Score"], ["A", "Shoe", "tin", "gold", "1"], False),
    ],
)
def test_what_is_refused_whatever_exists_fails(header: list[str], cells: list[str], refused: bool) -> None:
    columns = file_columns(PRODUCT, header, TIERED)
    assert columns is not None
    _, failures, if_there, irregular = columns.sort_out([Row(1, cells)])
    assert not if_there
    assert [(failure.row, failure.key, failure.reason) for failure in failures] == [(1, "A", TIER_REASON)] * refused
    assert len(irregular) == 1 - refused


def test_where_other_keys_are_refused_those_that_exist_may_be() -> None:
    closed = MetadataChecker(MetadataSchema({"Tier": {"type": "string", "eq": ["gold"]}}, allow_defined_only=True))
    columns = file_columns(CUSTOMER, ["source_id", "Tier"], closed)
    assert columns is not None
    _, failures, _, irregular = columns.sort_out([Row(1, ["A", "tin"])])
    assert (failures, [row.number for row in irregular]) == ([], [1])


def test_what_refers_to_something_is_refused_if_that_is_there() -> None:
    columns = file_columns(SKU, ["source_id", "product_id", "Tier", "Score"], TIERED)
    assert columns is not None
    rows = [["A", " P1 ", "tin", "1"], ["B", "P2", "gold", "1"], ["C", "", "tin", "1"]]
    ready, failures, if_there, irregular = columns.sort_out([Row(at, cells) for at, cells in enumerate(rows, 1)])
    assert (ready.keys, failures, [row.number for row in irregular]) == (["B"], [], [3])
    assert [(reference, failure.key, failure.reason) for reference, failure in if_there] == [("P1", "A", TIER_REASON)]


@pytest.mark.parametrize("again", [["A", "Boot"], [" A", ""], ["A", "Boot", "surplus"], ["A"]])
def test_a_key_that_comes_again_is_left_with_all_its_rows(again: list[str]) -> None:
    ready, irregular = sorted_out(PRODUCT, ["source_id", "name"], ["A", "Boot"], ["B", "Sock"], again)
    assert (list(ready), irregular) == (["B"], [1, 3])


def test_a_table_is_as_good_as_its_rows() -> None:
    columns = file_columns(PRODUCT, ["source_id", "name"], ANY)
    assert columns is not None
    lines = [*(f"P-{number},Shoe" for number in range(2_500)), "P-7,Boot", "null,Sock"]
    table = Table(range(1, len(lines) + 1), lines, delimiter=",", width=2, kept=range(2))
    sorted_out = columns.sort_out(table)
    assert sorted_out == columns.sort_out(list(table))
    assert [row.number for row in sorted_out.irregular] == [8, 2_501, 2_502]


@pytest.mark.parametrize(
    ("spec", "header", "checker"),
    [
        (CUSTOMER, ["Name", "Email"], ANY),
        (CUSTOMER, ["Source_id", "Id"], ANY),
        (CUSTOMER, ["Source_id", "City", "Address_City"], ANY),
        (CUSTOMER, ["Source_id"], MetadataChecker(MetadataSchema({"Tier": {"type": "number", "optional": False}}))),
    ],
)
def test_where_every_row_has_to_be_looked_at(spec: UpsertSpec, header: list[str], checker: Any) -> None:
    assert file_columns(spec, header, checker) is None
