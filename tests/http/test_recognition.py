"""What files of others are taken for: kinds by their columns, columns by their titles and by what they hold."""

import json
from typing import Any

import pytest

from tests.http.exports import EXPORTS
from tests.http.test_import_preview import previewed, uses
from tests.server import Api


def mapping_of(api: Api, header: str, *rows: str, **options: str) -> dict[str, Any]:
    return dict(previewed(api, "\n".join([header, *rows, ""]).encode(), **options)["mapping"])


@pytest.mark.parametrize("name", EXPORTS)
def test_exports_of_other_systems(api: Api, name: str) -> None:
    export = EXPORTS[name]
    seen = previewed(api, export.text.encode())
    assert seen["row_type"] == export.row_type, seen["row_types"]
    assert seen["mapping"] == export.mapping
    by_title = {column["title"] for column in seen["columns"] if column["by"] == "title"}
    assert by_title == export.titles


@pytest.mark.parametrize("title", ["Source", "Sources", "Member", "Source ID2", "Sorce_id", "Codes", "Cod", "Id2"])
def test_what_tells_rows_apart_is_never_taken_by_resemblance(api: Api, title: str) -> None:
    for row_type in ("vouchers", "customers", "products", "skus", "campaign-vouchers"):
        mapping = mapping_of(api, f"{title},x", "a1,1", "a2,2", "a3,3", row_type=row_type)
        assert not {"Code", "Source_id", "source_id", "id", "product_id"} & set(mapping.values())


@pytest.mark.parametrize(
    ("row_type", "title", "cells", "against"),
    [
        ("customers", "Reference", ["a1", "a2", "a3"], ["web", "web", "web"]),
        ("customers", "Customer ID", ["17", "18", "19"], ["2026-01-01", "2026-01-02", "2026-01-03"]),
        ("customers", "ID", ["17", "18", "19"], ["true", "false", "true"]),
        ("customers", "User ID", ["a@example.test", "b@example.test", "c"], ["likes very long walks", "is kind to all",
                                                                              "has no time left"]),
        ("vouchers", "Coupon", ["A-1", "A-2", "A-3"], ["a@example.test", "b@example.test", "c@example.test"]),
        ("vouchers", "Gift Card", ["A-1", "A-2", "A-3"], ["false", "true", "false"]),
        ("vouchers", "Voucher", ["A-1", "A-2", "A-3"], ["10,00 €", "20,00 €", "30,00 €"]),
        ("vouchers", "Kind", ["Gift", "gift card", "?"], ["shirt", "shoe", "hat"]),
        ("vouchers", "Limit", ["1", "5", "1,000"], ["none", "per customer", "none"]),
        ("vouchers", "Used", ["0", "1", "0"], ["in shop", "online", "online"]),
        ("vouchers", "Ends", ["2026-12-31", "31.12.2026", "12/31/2026"], ["yes", "no", "no"]),
        ("vouchers", "Starts", ["Jan 5, 2026", "2026/1/5", "5. Jan. 2026"], ["1", "2", "3"]),
        ("vouchers", "Amount", ["10", "10 %", "US$ 10.50"], ["much", "little", "much"]),
        ("customers", "Mail", ["a@example.test", "b@example.test", ""], ["yes", "no", "yes"]),
        ("customers", "Mobile", ["+49 30 1234567", "(030) 123-456", "0301234567"], ["iOS", "Android", "iOS"]),
        ("customers", "Born", ["1990-01-05", "05.01.1990", "1/5/1990"], ["Berlin", "Bonn", "Kiel"]),
        ("customers", "Customer", ["Ada", "Bo Finch", "Cy"], ["17", "18", "19"]),
        ("products", "EAN", ["4006381333931", "4006381333932", "4006381333933"], ["yes", "yes", "no"]),
        ("products", "Cost", ["9.50", "10", "11,00 €"], ["low", "high", "low"]),
        ("products", "Picture", ["https://a.example.test/1.jpg", "/m/2.png", "3.webp"], ["yes", "no", "yes"]),
        ("skus", "Product", ["P-1", "P-1", "P-2"], ["9.50", "9.50", "10.00"]),
    ],
)  # fmt: skip
def test_cells_that_say_otherwise_make_metadata_of_a_column(
    api: Api, row_type: str, title: str, cells: list[str], against: list[str]
) -> None:
    taken, lowered = (
        uses(
            previewed(
                api, "\n".join([f'"{title}"\tx', *(f"{cell}\t1" for cell in held), ""]).encode(), row_type=row_type
            )
        )
        for held in (cells, against)
    )
    assert taken[title][0] == "field"
    assert lowered[title][0] != "field" or (title, lowered[title][2]) == ("ID", "title")


def test_our_own_titles_are_what_they_say_whatever_they_hold(api: Api) -> None:
    rows = b"Source_id,Email,Birthdate,Name\nx,y,z,1\nx,y,z,1\nx,y,z,1\n"
    assert {each[2] for each in uses(previewed(api, rows, row_type="customers")).values()} == {"title"}


def test_a_blank_column_yields_to_one_that_holds_something(api: Api) -> None:
    assert mapping_of(api, "Client ID,Member ID,Name", ",m1,Ada", ",m2,Bo") == {"Member ID": "Source_id"}


def test_kinds_are_told_by_what_columns_are_called_in_the_end(api: Api) -> None:
    file = b"Gutschein;Art;x\nA;Rabatt;1\n"
    assert (
        previewed(api, file, mapping='{"Gutschein": "source_id", "Art": "name", "x": "price"}')["row_type"]
        == "products"
    )
    seen = previewed(api, b"Nr;x\nA;1\n", mapping='{"Nr": "Code"}', defaults='{"Voucher Type": "GIFT_VOUCHER"}')
    assert seen["row_type"] == "vouchers"


def test_a_default_leaves_its_column_to_the_file(api: Api) -> None:
    defaults = json.dumps({"Voucher Type": "GIFT_VOUCHER"})
    assert mapping_of(api, "Code,Coupon Type,Wert", "A,gift card,5", defaults=defaults) == {
        "Coupon Type": "Voucher Type", "Wert": "Value",
    }  # fmt: skip
