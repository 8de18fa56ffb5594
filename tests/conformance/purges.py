"""Purges of a metadata key, one for each kind of resource that has them."""

from collections.abc import Callable
from typing import Any

import httpx

from tests.conformance.campaigns import make_campaigns
from tests.conformance.case import Case, Keys, NotFor, Run
from tests.conformance.customers import make_customers
from tests.conformance.orders import make_orders
from tests.conformance.products import make_products
from tests.conformance.vouchers import make_vouchers
from tests.server import Api


def _purge_without_body(api: Api, path: str, _: Any) -> httpx.Response:
    return api.http.post(path)


def _purge(noun: str, make: Callable[[Api, Keys], None], make_bare: Callable[[Api, str], Any]) -> Case:
    """The purge of `old`, which `make` gives to what it makes, and `make_bare` does not."""
    path = f"/v1/{noun}s/{{key}}"

    def make_mixed(api: Api) -> None:
        make(api, ["A", "B"])
        make_bare(api, "BARE")

    return Case(
        path=f"/v1/metadata-schemas/{noun}/definitions/{{target}}/purge",
        target="old",
        send=_purge_without_body,
        before=make,
        body=lambda keys: None,
        is_done=lambda api, key: api.get(path.format(key=key))["metadata"] == {},
        golden=Run(
            before=lambda api: make(api, ["A", "B"]),
            body=None,
            done=2,
            result={"message": f"Updated 2 {noun}s.", "done_count": 2},
            shows={path.format(key=key): {"metadata": {"old": None}} for key in ("A", "B")},
        ),
        empty=Run(body=None, done=0),
        bad_row=Run(
            before=make_mixed,
            body=None,
            done=2,
            shows={path.format(key="BARE"): {"metadata": {"kept": 1}, "updated_at": None}},
        ),
        twice_in_one=NotFor("it names one key, in its path"),
        twice_in_two=Run(before=make_mixed, body=None, times=2, done=0),
        missing_target=Run(before=lambda api: make_bare(api, "BARE"), body=None, done=0),
        foreign_target=lambda other: Run(body=None, done=0),
        full=NotFor("it has no body"),
    )


def _bare(path: str, **more: Any) -> Callable[[Api, str], Any]:
    def make(api: Api, key: str) -> None:
        answer = api.http.post(path, json={"source_id": key, "metadata": {"kept": 1}, **more})
        assert answer.status_code == 200, answer.text

    return make


def _bare_voucher(api: Api, code: str) -> None:
    api.ended(api.import_json([{"code": code, "gift": {"amount": 1}, "metadata": {"kept": 1}}]))


CASES = {
    "VOUCHERS.METADATA_KEY_PURGE": _purge("voucher", make_vouchers, _bare_voucher),
    "CUSTOMERS.METADATA_KEY_PURGE": _purge("customer", make_customers, _bare("/v1/customers")),
    "PRODUCTS.METADATA_KEY_PURGE": _purge("product", make_products, _bare("/v1/products", name="Bare")),
    "ORDERS.METADATA_KEY_PURGE": _purge("order", make_orders, _bare("/v1/orders")),
    "CAMPAIGNS.METADATA_KEY_PURGE": _purge(
        "campaign", make_campaigns, _bare("/v1/campaigns", name="BARE", voucher={"gift": {"amount": 1}})
    ),
}
