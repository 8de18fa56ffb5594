"""Actions on products and SKUs."""

from typing import Any

from tests.conformance.case import Case, FieldCase, Full, Keys, Run, has_metadata, made, send_csv, send_json
from tests.server import Api

PATH = "/v1/products/{key}"
SKU_PATH = "/v1/skus/{key}"
NEW = {"new": 1}


def make_products(api: Api, keys: Keys) -> None:
    made(api, "/v1/products", *({"source_id": key, "name": "Before", "metadata": {"old": key}} for key in keys))


def _line(key: str, **more: str) -> dict[str, str]:
    return {"source_id": key, "name": "T-Shirt", "price": "21", **more}


def _sku(key: str, **more: str) -> dict[str, str]:
    return {"product_id": "SHIRT", "source_id": key, "sku": "Shirt", "price": "13", **more}


def _change(key: Any, **more: Any) -> dict[str, Any]:
    return {"source_id": key, "price": 5, "metadata": NEW, **more}


def _changes(*keys: Any, by: str = "source_ids") -> dict[str, Any]:
    return {by: list(keys), "metadata": NEW}


def _define_vendor(api: Api) -> None:
    vendors = {"type": "string", "optional": False, "eq": ["Vendor 1", "Vendor 2"]}
    api.define_schema("product", {"vendor": vendors})


def _id(api: Api, key: str = "THEIRS") -> str:
    return str(api.get(f"/v1/products/{key}")["id"])


def _not_found(key: str) -> str:
    return f"Cannot find product with id {key}"


_GOLDEN_FAILURE = {
    "row": 1,
    "source_id": "P1",
    "reason": "vendor: must be a string, property is required, must be equal to one of Vendor 1,Vendor 2"
    " (actual value is 'Vendor 3')",
}
_BULK = {"done_count": 3, "failed_count": 0, "errors": []}

CASES = {
    "PRODUCTS.IMPORT_CSV": Case(
        path="/v1/products/importCSV",
        send=send_csv,
        before=lambda api, keys: None,
        body=lambda keys: [_line(key) for key in keys],
        is_done=lambda api, key: api.get(PATH.format(key=key))["price"] == 2100,
        golden=Run(
            before=_define_vendor,
            body=[
                {"source_id": "P1", "name": "A", "vendor": "Vendor 3"},
                {"source_id": "P2", "name": "B", "vendor": "Vendor 2"},
            ],
            done=1,
            failures=[_GOLDEN_FAILURE],
            result={
                "message": "1 product(s) imported successfully, 1 failed.",
                "failed": [_GOLDEN_FAILURE],
                "done_count": 1,
                "failed_count": 1,
            },
        ),
        empty=Run(body=[], done=0),
        bad_row=Run(
            body=[_line("A"), _line("BAD", price="cheap"), _line("B")],
            done=2,
            failures=[{"row": 2, "source_id": "BAD", "reason": "price: must be a number (actual value is 'cheap')"}],
            shows={"/v1/products/A": {"price": 2100}, "/v1/products/B": {}, "/v1/products/BAD": None},
        ),
        twice_in_one=Run(
            body=[_line("TWICE"), _line("TWICE", name="Last", price="")],
            done=2,
            shows={"/v1/products/TWICE": {"name": "Last", "price": 2100}, "/v1/products": {"total": 1}},
        ),
        twice_in_two=Run(body=[_line("TWICE")], times=2, done=1, shows={"/v1/products": {"total": 1}}),
        missing_target=Run(
            body=[{"id": "prod_nobody", "name": "N"}],
            done=0,
            failures=[{"row": 1, "source_id": "prod_nobody", "reason": _not_found("prod_nobody")}],
            shows={"/v1/products": {"total": 0}},
        ),
        foreign_target=lambda other: Run(
            body=[{"id": _id(other), "name": "Mine"}],
            done=0,
            failures=[{"row": 1, "source_id": _id(other), "reason": _not_found(_id(other))}],
            shows={"/v1/products": {"total": 0}},
        ),
        full=(
            Full(
                rows=(
                    {
                        "source_id": FieldCase("FULL", "source_id"),
                        "name": FieldCase("T-Shirt", "name"),
                        "price": FieldCase("14.5", "price", 1450),
                        "attributes": FieldCase("color,size,ranking", "attributes", ["color", "size", "ranking"]),
                        "image_url": FieldCase("https://images.com/original.jpg", "image_url"),
                        "Fashion": FieldCase("slim", "metadata.Fashion"),
                    },
                ),
                get=PATH,
                key="source_id",
                wrap=lambda row: [row],
            ),
        ),
    ),
    "SKUS.IMPORT_CSV": Case(
        path="/v1/skus/importCSV",
        send=send_csv,
        before=lambda api, keys: make_products(api, ["SHIRT"]),
        body=lambda keys: [_sku(key) for key in keys],
        is_done=lambda api, key: api.get(SKU_PATH.format(key=key))["price"] == 1300,
        golden=Run(
            before=lambda api: make_products(api, ["SHIRT"]),
            body=[_sku(f"sku_source_id_{number}") for number in range(1, 5)],
            done=4,
            result={
                "message": "4 sku(s) imported successfully, 0 failed.",
                "failed": [],
                "done_count": 4,
                "failed_count": 0,
            },
        ),
        empty=Run(body=[], done=0),
        bad_row=Run(
            before=lambda api: make_products(api, ["SHIRT"]),
            body=[_sku("A"), _sku("BAD", attributes="blue"), _sku("B")],
            done=2,
            failures=[
                {
                    "row": 2,
                    "reason": "attributes: must be an object like {'color':'blue','size':'XS'}"
                    " (actual value is 'blue')",
                }
            ],
            shows={"/v1/skus/A": {"price": 1300}, "/v1/skus/B": {"sku": "Shirt"}, "/v1/skus/BAD": None},
        ),
        twice_in_one=Run(
            before=lambda api: make_products(api, ["SHIRT"]),
            body=[_sku("TWICE"), _sku("TWICE", price="14", sku="")],
            done=2,
            shows={"/v1/skus/TWICE": {"sku": "Shirt", "price": 1400}, "/v1/products/SHIRT/skus": {"total": 1}},
        ),
        twice_in_two=Run(
            before=lambda api: make_products(api, ["SHIRT"]),
            body=[_sku("TWICE")],
            times=2,
            done=1,
            shows={"/v1/products/SHIRT/skus": {"total": 1}},
        ),
        missing_target=Run(
            before=lambda api: make_products(api, ["SHIRT"]),
            body=[_sku("A"), _sku("LOST", product_id="NO-SHIRT"), _sku("LOST", product_id="")],
            done=1,
            failures=[
                {"row": 2, "reason": _not_found("NO-SHIRT")},
                {"row": 3, "reason": "product_id is required"},
            ],
            shows={"/v1/skus/LOST": None},
        ),
        foreign_target=lambda other: Run(
            body=[_sku("MINE", product_id=_id(other, "SHIRT")), _sku("MINE")],
            done=0,
            failures=[
                {"row": 1, "reason": _not_found(_id(other, "SHIRT"))},
                {"row": 2, "reason": _not_found("SHIRT")},
            ],
            shows={"/v1/skus/MINE": None},
        ),
        full=(
            Full(
                before=lambda api: make_products(api, ["SHIRT"]),
                rows=(
                    {
                        "product_id": FieldCase("SHIRT", "source_id", "SHIRT", get="/v1/products/SHIRT"),
                        "source_id": FieldCase("FULL", "source_id"),
                        "sku": FieldCase("Medium Yellow Shirt", "sku"),
                        "price": FieldCase("14.5", "price", 1450),
                        "currency": FieldCase("EUR", "currency"),
                        "image_url": FieldCase("https://images.com/a.jpg", "image_url"),
                        "attributes": FieldCase(
                            "{'color':'yellow','size':'M','ranking':3}",
                            "attributes",
                            {"color": "yellow", "size": "M", "ranking": 3},
                        ),
                        "Fashion": FieldCase("slim", "metadata.Fashion"),
                    },
                ),
                get=SKU_PATH,
                key="source_id",
                wrap=lambda row: [row],
            ),
        ),
    ),
    "PRODUCTS.BULK_UPDATE": Case(
        path="/v1/products/bulk/async",
        send=send_json,
        before=make_products,
        body=lambda keys: [_change(key) for key in keys],
        is_done=has_metadata(PATH, **NEW),
        golden=Run(
            before=lambda api: make_products(api, ["A", "B", "C"]),
            body=[_change("A"), _change("B"), _change("C")],
            done=3,
            result=_BULK,
            shows={"/v1/products/A": {"name": "Before", "price": 5, "metadata": {"old": "A", "new": 1}}},
        ),
        empty=Run(body=None, done=0),
        bad_row=Run(
            body=[_change("A"), _change("BAD", price="cheap"), _change("B")],
            done=2,
            failures=[
                {
                    "message": "Invalid payload",
                    "details": "price: must be a number (actual value is 'cheap')",
                    "key": "invalid_product",
                    "source_id": "BAD",
                }
            ],
            shows={"/v1/products/B": {"price": 5}, "/v1/products/BAD": None},
        ),
        twice_in_one=Run(
            body=[_change("TWICE", name="First"), _change("TWICE", price=6)],
            done=2,
            shows={"/v1/products/TWICE": {"name": "First", "price": 6}, "/v1/products": {"total": 1}},
        ),
        twice_in_two=Run(body=[_change("TWICE")], times=2, done=1, shows={"/v1/products": {"total": 1}}),
        missing_target=Run(body=[_change("NOBODY")], done=1, shows={"/v1/products/NOBODY": {"price": 5}}),
        foreign_target=lambda other: Run(
            body=[{"id": _id(other), "name": "Mine"}],
            done=0,
            failures=[
                {
                    "message": "Resource not found",
                    "details": _not_found(_id(other)),
                    "key": "not_found",
                    "source_id": _id(other),
                }
            ],
            shows={"/v1/products": {"total": 0}},
        ),
        full=(
            Full(
                rows=(
                    {
                        "source_id": FieldCase("FULL", "source_id"),
                        "name": FieldCase("T-Shirt", "name"),
                        "price": FieldCase(1450, "price"),
                        "attributes": FieldCase(["color", "size"], "attributes"),
                        "image_url": FieldCase("https://images.com/original.jpg", "image_url"),
                        "metadata": FieldCase({"Fashion": ["slim"]}, "metadata"),
                    },
                ),
                get=PATH,
                key="source_id",
                wrap=lambda row: [row],
            ),
        ),
    ),
    "PRODUCTS.METADATA_UPDATE": Case(
        path="/v1/products/metadata/async",
        send=send_json,
        before=make_products,
        body=lambda keys: _changes(*keys),
        is_done=has_metadata(PATH, **NEW),
        golden=Run(
            before=lambda api: make_products(api, ["A", "B", "C"]),
            body=_changes("A", "B", "C"),
            done=3,
            result=_BULK,
            shows={"/v1/products/A": {"name": "Before", "metadata": {"old": "A", "new": 1}}},
        ),
        empty=Run(body=_changes(), done=0),
        bad_row=Run(
            before=lambda api: make_products(api, ["A", "B"]),
            body=_changes("A", {}, "B"),
            done=2,
            failures=[
                {
                    "message": "Invalid payload",
                    "details": "source_ids: must not hold empty keys",
                    "key": "invalid_product",
                }
            ],
            shows={"/v1/products": {"total": 2}},
        ),
        twice_in_one=Run(body=_changes("TWICE", "TWICE"), done=2, shows={"/v1/products": {"total": 1}}),
        twice_in_two=Run(body=_changes("TWICE"), times=2, done=1, shows={"/v1/products": {"total": 1}}),
        missing_target=Run(body=_changes("NOBODY"), done=1, shows={"/v1/products/NOBODY": {"metadata": NEW}}),
        foreign_target=lambda other: Run(
            body=_changes(_id(other), by="product_ids"),
            done=0,
            failures=[{"message": "Resource not found", "details": _not_found(_id(other)), "key": "not_found"}],
            shows={"/v1/products": {"total": 0}},
        ),
        full=(
            Full(
                rows=(
                    {
                        "source_ids": FieldCase(["FULL"], "source_id", "FULL"),
                        "metadata": FieldCase({"a": [1]}, "metadata"),
                    },
                ),
                get=PATH,
                key="source_ids",
                wrap=lambda row: row,
            ),
        ),
    ),
}
