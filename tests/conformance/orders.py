"""The import of orders, with what comes inside them."""

from typing import Any

from tests.conformance.case import Case, FieldCase, Full, IdOf, Keys, Run, made, send_json
from tests.conformance.customers import make_customers
from tests.server import Api

PATH = "/v1/orders/{key}"


def make_orders(api: Api, keys: Keys) -> None:
    made(api, "/v1/orders", *({"source_id": key, "metadata": {"old": key}} for key in keys))


def _order(key: str, **more: Any) -> dict[str, Any]:
    return {"source_id": key, "status": "PAID", "amount": 100, **more}


def _failed(reason: str, key: str | None = "BAD") -> dict[str, Any]:
    return {"source_id": key, "reason": reason}


def _refused(reason: str, **more: Any) -> Run:
    return Run(body=[_order("BAD", **more)], done=0, failures=[_failed(reason)], shows={"/v1/orders": {"total": 0}})


def _define_unit(api: Api) -> None:
    api.define_schema("order", {"unit": {"type": "number", "optional": False}})


_GOLDEN_FAILURES = [_failed("unit: must be a number, property is required (actual value is 'EUR')", None)]
_BOB = {
    "source_id": "bob", "name": "Bob Smith", "description": "Nice", "email": "bob@example.com", "phone": "+1 933 222",
    "birthday": "2022-01-01", "birthdate": "2022-01-01", "metadata": {"lang": "en"},
    "address": {"city": "New York", "state": "NY", "line_1": "123 Main St.", "line_2": "APT 3",
                "country": "United States", "postal_code": "10001"},
}  # fmt: skip
_BOB_SHOWN = {name: value for name, value in _BOB.items() if name != "birthday"}
_PHONE = {
    "source_id": "prod_1", "related_object": "product", "quantity": 2, "initial_quantity": 3, "discount_quantity": 1,
    "price": 70000, "amount": 140000, "initial_amount": 210000, "discount_amount": 500, "metadata": {"gift": True},
    "product": {"source_id": "prod_1", "name": "Phone", "price": 70000, "metadata": {"color": ["silver"]},
                "override": True},
}  # fmt: skip
_COMIC = {
    "source_id": "comic_1", "related_object": "sku", "quantity": 1,
    "product": {"source_id": "Books", "name": "Comic Books", "price": 1600, "override": True},
    "sku": {"source_id": "comic_1", "sku": "Comics", "price": 1700, "metadata": {"cover": "soft"}, "override": True},
}  # fmt: skip
_BY_ID = {"product_id": IdOf("/v1/products/known"), "sku_id": IdOf("/v1/skus/known-sku"), "amount": 900}


def _shown(item: dict[str, Any]) -> dict[str, Any]:
    """An item as it is told of: what was to be done with its goods is not."""
    goods = {name: {**item[name]} for name in ("product", "sku") if name in item}
    for each in goods.values():
        each.pop("override", None)
    return {**item, **goods}


_OVERRIDE_BY_ID = {
    "amount": 900,
    "product": {"id": IdOf("/v1/products/known"), "name": "Renamed", "override": True},
    "sku": {"id": IdOf("/v1/skus/known-sku"), "sku": "Renamed too", "override": True},
}


def _make_known(api: Api) -> None:
    make_customers(api, ["known"])
    made(api, "/v1/products", {"source_id": "known", "name": "Known"})
    made(api, "/v1/products/known/skus", {"source_id": "known-sku", "sku": "Known"})
    make_orders(api, ["known-order"])


CASES = {
    "ORDERS.IMPORT": Case(
        path="/v1/orders/import",
        send=send_json,
        before=lambda api, keys: None,
        body=lambda keys: [_order(key) for key in keys],
        is_done=lambda api, key: api.get(PATH.format(key=key))["status"] == "PAID",
        golden=Run(
            before=_define_unit,
            body=[_order("o1", metadata={"unit": 1}), {"metadata": {"unit": "EUR"}}],
            done=1,
            failures=_GOLDEN_FAILURES,
            result={
                "message": "1 order(s) imported successfully, 1 failed.",
                "failed": _GOLDEN_FAILURES,
                "done_count": 1,
                "failed_count": 1,
            },
        ),
        empty=Run(body=[], done=0),
        bad_row=Run(
            body=[_order("A"), _order("BAD", status="LOST"), _order("B")],
            done=2,
            failures=[_failed("status: must be one of CREATED, PAID, CANCELED, FULFILLED (actual value is 'LOST')")],
            shows={"/v1/orders/A": {"status": "PAID"}, "/v1/orders/B": {"amount": 100}, "/v1/orders/BAD": None},
        ),
        twice_in_one=Run(
            body=[_order("TWICE"), {"source_id": "TWICE", "status": "FULFILLED"}],
            done=2,
            shows={"/v1/orders/TWICE": {"status": "FULFILLED", "amount": 100}, "/v1/orders": {"total": 1}},
        ),
        twice_in_two=Run(body=[_order("TWICE")], times=2, done=1, shows={"/v1/orders": {"total": 1}}),
        missing_target=Run(
            body=[
                _order("A"),
                {"id": "ord_nobody", "amount": 1},
                _order("BAD", customer={"id": "cust_nobody"}),
                _order("BAD", referrer_id="cust_nobody"),
                _order("BAD", items=[{"product": {"id": "prod_nobody", "name": "N", "override": True}}]),
                _order("BAD", items=[{"sku": {"source_id": "no-sku", "sku": "N", "override": True}}]),
            ],
            done=1,
            failures=[
                _failed("Cannot find order with id ord_nobody", "ord_nobody"),
                _failed("customer: Cannot find customer with id cust_nobody"),
                _failed("referrer: Cannot find customer with id cust_nobody"),
                _failed("items[0].product: Cannot find product with id prod_nobody"),
                _failed("items[0].sku: product_id is required"),
            ],
            shows={"/v1/orders/BAD": None, "/v1/customers": {"total": 0}, "/v1/products": {"total": 0}},
        ),
        foreign_target=lambda other: Run(
            body=[
                {"id": other.get("/v1/orders/THEIRS")["id"], "amount": 1},
                _order("BAD", customer={"id": other_id(other)}),
                _order("BAD", referrer_id=other_id(other)),
            ],
            done=0,
            failures=[
                _failed(
                    f"Cannot find order with id {other.get('/v1/orders/THEIRS')['id']}",
                    other.get("/v1/orders/THEIRS")["id"],
                ),
                _failed(f"customer: Cannot find customer with id {other_id(other)}"),
                _failed(f"referrer: Cannot find customer with id {other_id(other)}"),
            ],
            shows={"/v1/orders": {"total": 0}},
        ),
        full=(
            Full(
                before=_make_known,
                rows=(
                    {
                        "source_id": FieldCase("FULL", "source_id"),
                        "status": FieldCase("FULFILLED", "status"),
                        "amount": FieldCase(141700, "amount"),
                        "initial_amount": FieldCase(211700, "initial_amount"),
                        "discount_amount": FieldCase(5, "discount_amount"),
                        "items": FieldCase(
                            [_PHONE, _COMIC, _BY_ID],
                            "items",
                            [_shown(_PHONE), _shown(_COMIC) | {"price": 1700}, _BY_ID],
                        ),
                        "metadata": FieldCase({"payment_mean": ["paypal"]}, "metadata"),
                        "customer": FieldCase(_BOB, "", _BOB_SHOWN, get="/v1/customers/bob"),
                        "referrer": FieldCase(
                            {**_BOB, "source_id": "jane"},
                            "",
                            {**_BOB_SHOWN, "source_id": "jane"},
                            get="/v1/customers/jane",
                        ),
                    },
                    {
                        "source_id": FieldCase("BY-ID", "source_id"),
                        "customer": FieldCase(
                            {"id": IdOf("/v1/customers/known"), "name": "New"},
                            "name",
                            "New",
                            get="/v1/customers/known",
                        ),
                        "referrer": FieldCase(
                            {"id": IdOf("/v1/customers/known"), "email": "new@example.com"},
                            "email",
                            "new@example.com",
                            get="/v1/customers/known",
                        ),
                        "items": FieldCase([_OVERRIDE_BY_ID], "name", "Renamed", get="/v1/products/known"),
                    },
                    {
                        "source_id": FieldCase("REFERRED", "source_id"),
                        "referrer_id": FieldCase(IdOf("/v1/customers/known"), "referrer.id"),
                        "items": FieldCase([_OVERRIDE_BY_ID], "sku", "Renamed too", get="/v1/skus/known-sku"),
                    },
                    {
                        "source_id": FieldCase("known-order", "source_id"),
                        "id": FieldCase(IdOf("/v1/orders/known-order"), "id"),
                        "status": FieldCase("CANCELED", "status"),
                    },
                ),
                get=PATH,
                key="source_id",
                wrap=lambda row: [row],
                refuses={
                    "referrer_id beside another referrer": _refused(
                        "referrer: id: differs from referrer_id (actual value is 'cust_1')",
                        referrer_id="cust_2",
                        referrer={"id": "cust_1"},
                    ),
                    "key that is no text": _refused(
                        "items: [0] source_id must be a string (actual value is '5')",
                        items=[{"product": {"source_id": 5, "name": "N"}}],
                    ),
                    "amount beyond all bounds": _refused(
                        "items: their amounts must be between 0 and 9007199254740991 together"
                        " (actual value is '18014398509481982')",
                        items=[{"price": 9007199254740991, "quantity": 2}],
                    ),
                    "birthday beside another birthdate": _refused(
                        "customer: birthday: differs from birthdate (actual value is '2022-01-01')",
                        customer={"source_id": "c", "birthday": "2022-01-01", "birthdate": "2022-01-02"},
                    ),
                },
            ),
        ),
    ),
}


def other_id(other: Api) -> str:
    """A customer that only the other project has."""
    if other.http.get("/v1/customers/theirs").status_code == 404:
        make_customers(other, ["theirs"])
    return str(other.get("/v1/customers/theirs")["id"])
