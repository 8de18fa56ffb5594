"""Calls to every endpoint that the reference API has too, in the order in which one needs what another made."""

from dataclasses import dataclass
from typing import Any

from tests.server import Api

GIFT = {"type": "GIFT_VOUCHER", "gift": {"amount": 500}}
FULL = {
    "type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 1000, "effect": "APPLY_TO_ORDER"},
    "category": "New", "start_date": "2022-01-01", "expiration_date": "2032-01-01", "redemption": {"quantity": 3},
    "additional_info": "x", "metadata": {"lang": "en"}, "validity_timeframe": {"duration": "PT1H", "interval": "P2D"},
    "validity_day_of_week": [1, 2],
    "validity_hours": {"daily": [{"start_time": "10:00", "expiration_time": "12:00", "days_of_week": [1]}]},
}  # fmt: skip
POINTS = {"type": "LOYALTY_CARD", "loyalty_card": {"points": 100}}
DISCOUNTS: list[dict[str, Any]] = [
    {"type": "PERCENT", "percent_off": 10.5, "amount_limit": 500}, {"type": "FIXED", "fixed_amount": 100},
    {"type": "UNIT", "unit_off": 1, "unit_type": "prod_1", "effect": "ADD_NEW_ITEMS"},
    {
        "type": "UNIT", "effect": "ADD_MANY_ITEMS",
        "units": [{"unit_off": 1, "unit_type": "prod_1", "effect": "ADD_NEW_ITEMS"}],
    },
]  # fmt: skip
CUSTOMER = {
    "source_id": "bob", "name": "Bob", "email": "bob@example.com", "phone": "1", "birthdate": "2022-01-01",
    "description": "x", "metadata": {"lang": "en"},
    "address": {"city": "X", "line_1": "a", "line_2": "b", "postal_code": "1", "state": "c", "country": "d"},
}  # fmt: skip
PRODUCT = {
    "source_id": "shirt", "name": "Shirt", "price": 2000, "attributes": ["size"], "image_url": "https://example.com/a",
    "metadata": {"lang": "en"},
}  # fmt: skip
SKU = {
    "source_id": "shirt-m", "sku": "M", "price": 2100, "currency": "EUR", "attributes": {"size": "M"},
    "image_url": "https://example.com/a", "metadata": {"lang": "en"},
}  # fmt: skip
ORDER = {
    "source_id": "o1", "status": "PAID", "amount": 4000, "customer": {"source_id": "bob"}, "metadata": {"lang": "en"},
    "referrer": {"source_id": "jane"}, "initial_amount": 4100, "discount_amount": 100,
    "items": [
        {"source_id": "shirt", "related_object": "product", "quantity": 2, "price": 2000, "product": {"name": "Shirt"}},
        {"sku_id": "shirt-m", "quantity": 1, "amount": 2100, "metadata": {"gift": True}},
    ],
}  # fmt: skip
CAMPAIGN = {
    "name": "Fall", "description": "x", "start_date": "2022-01-01", "vouchers_count": 2, "metadata": {"lang": "en"},
    "voucher": {**GIFT, "redemption": {"quantity": 2}, "code_config": {"pattern": "F-####"}}, "category": "New",
    "validity_timeframe": {"duration": "PT1H", "interval": "P2D"}, "validity_day_of_week": [1, 2],
    "auto_join": False, "join_once": True, "activity_duration_after_publishing": "P24D", "type": "STATIC",
}  # fmt: skip
LOYALTY = {"name": "Points", "voucher": {**POINTS, "code_config": {"length": 6}}}
COUPONS = {"name": "Coupons", "vouchers_count": 1, "voucher": {"discount": FULL["discount"]}}
_DEFINITIONS = {
    "lang": {"type": "string", "eq": ["en", "pl"], "max_length": 2},
    "size": {"type": "number", "gt": 1},
    "home": {"type": "object", "object_type": "Address"},
    "seen": {"type": "date", "array": True},
    "gift": {"type": "boolean"},
}  # fmt: skip
MORE = {"place": {"type": "geopoint"}}

SCHEMA = {"related_object": "voucher", "properties": _DEFINITIONS}

PROJECTS = "/management/v1/projects"
MADE = f"{PROJECTS}/{{made_project}}"  # the one that was created last, which takes an owner's key
PROJECT = {
    "name": "Shop", "case_sensitive_codes": True, "timezone": "Europe/Warsaw", "currency": "PLN", "dial_code": "+48",
    "client_trusted_domains": ["https://shop.example"],
}  # fmt: skip

WEBHOOK = {"target_url": "https://shop.example/hooks/tallykeep", "events": ["async_action.ended"]}

Body = Any


class Form(dict[str, str]):
    """A body of parameters, each of which may name in braces what an earlier answer had."""


# Method, path, and what is sent: JSON, text for a file, or a form. In order: later calls need what earlier ones made,
# and name in braces what they want the last one's id of.
CALLS: tuple[tuple[str, str, Body], ...] = (
    ("POST", "/v1/oauth/token", Form(grant_type="client_credentials", scope="vouchers campaigns")),
    ("POST", "/v1/oauth/introspect", Form(access_token="{token}")),
    ("POST", "/v1/oauth/introspect", Form(access_token="unknown")),
    ("POST", "/v1/oauth/token/revoke", Form(access_token="{token}")),
    ("POST", "/v1/categories", {"name": "Spring", "hierarchy": 0}),
    ("GET", "/v1/categories", None),
    ("GET", "/v1/categories/{category}", None),
    ("PUT", "/v1/categories/{category}", {"name": "Summer"}),
    ("DELETE", "/v1/categories/{category}", None),
    ("POST", "/management/v1/projects/{project}/metadata-schemas", SCHEMA),
    ("GET", "/management/v1/projects", None),
    ("POST", PROJECTS, PROJECT),
    ("GET", MADE, None),
    ("PUT", MADE, {"description": "Vouchers of the shop", "timezone": "Etc/GMT+1"}),
    ("DELETE", MADE, None),
    ("GET", "/management/v1/projects/{project}/metadata-schemas", None),
    ("GET", "/management/v1/projects/{project}/metadata-schemas/{metadata_schema}", None),
    ("PUT", "/management/v1/projects/{project}/metadata-schemas/{metadata_schema}", {"properties": MORE}),
    ("GET", "/v1/metadata-schemas", None),
    ("GET", "/v1/metadata-schemas/voucher", None),
    ("DELETE", "/management/v1/projects/{project}/metadata-schemas/{metadata_schema}", None),
    ("POST", "/management/v1/projects/{project}/webhooks", WEBHOOK),
    ("GET", "/management/v1/projects/{project}/webhooks", None),
    ("GET", "/management/v1/projects/{project}/webhooks/{webhook}", None),
    ("PUT", "/management/v1/projects/{project}/webhooks/{webhook}", {**WEBHOOK, "active": False}),
    ("DELETE", "/management/v1/projects/{project}/webhooks/{webhook}", None),
    ("POST", "/v1/vouchers", GIFT),
    ("POST", "/v1/vouchers", POINTS),
    *(("POST", "/v1/vouchers", {"discount": discount}) for discount in DISCOUNTS),
    ("POST", "/v1/vouchers/FULL", FULL),
    ("POST", "/v1/vouchers/GIFT", GIFT),
    ("GET", "/v1/vouchers/FULL", None),
    ("GET", "/v1/vouchers/GIFT", None),
    ("PUT", "/v1/vouchers/FULL", {"category": None, "metadata": {"x": 1}}),
    ("POST", "/v1/vouchers/FULL/disable", None),
    ("POST", "/v1/vouchers/FULL/enable", None),
    ("GET", "/v1/vouchers", None),
    ("POST", "/v1/vouchers/import", [{"code": "IMPORTED", **FULL}, {"code": "BAD"}, {}, 5]),
    ("POST", "/v1/vouchers/importCSV", "Code,Voucher Type,Value\nC1,GIFT_VOUCHER,1.5\nC2,,\n"),
    ("POST", "/v1/vouchers/bulk/async", [{"code": "FULL", "metadata": {"y": 1}}, {"code": "NOBODY"}, 5]),
    ("POST", "/v1/vouchers/metadata/async", {"codes": ["FULL", "NOBODY"], "metadata": {"z": 1}}),
    ("POST", "/v1/metadata-schemas/voucher/definitions/z/purge", None),
    ("DELETE", "/v1/vouchers/GIFT", None),
    ("POST", "/v1/customers", CUSTOMER),
    ("POST", "/v1/customers", {}),
    ("GET", "/v1/customers/bob", None),
    ("PUT", "/v1/customers/bob", {"name": "Rob"}),
    ("GET", "/v1/customers", None),
    ("POST", "/v1/customers/importCSV", "Source_id,Name,Birthdate\njane,Jane,2022-01-01\n,Joe,yesterday\n"),
    ("POST", "/v1/customers/bulk/async", [{"source_id": "bob", "metadata": {"x": 1}}, {"source_id": 5}, 5]),
    ("POST", "/v1/customers/metadata/async", {"source_ids": ["bob", ""], "metadata": {"z": 1}}),
    ("POST", "/v1/metadata-schemas/customer/definitions/z/purge", None),
    ("POST", "/v1/products", PRODUCT),
    ("POST", "/v1/products", {"name": "Bare"}),
    ("POST", "/v1/products/shirt/skus", SKU),
    ("POST", "/v1/products/shirt/skus", {"source_id": "bare"}),
    ("GET", "/v1/products/shirt", None),
    ("PUT", "/v1/products/shirt", {"price": 2100}),
    ("GET", "/v1/products", None),
    ("GET", "/v1/products/shirt/skus", None),
    ("PUT", "/v1/products/shirt/skus/shirt-m", {"price": 2200}),
    ("GET", "/v1/skus/shirt-m", None),
    ("POST", "/v1/products/importCSV", "source_id,name,price\np2,Hat,21\n,,x\n"),
    ("POST", "/v1/products/bulk/async", [{"source_id": "shirt", "price": 1}, {"source_id": "shirt", "price": "x"}]),
    ("POST", "/v1/products/metadata/async", {"source_ids": ["shirt", ""], "metadata": {"z": 1}}),
    ("POST", "/v1/metadata-schemas/product/definitions/z/purge", None),
    ("POST", "/v1/skus/importCSV", "product_id,source_id,sku\nshirt,s3,L\nnone,s4,XL\n"),
    ("POST", "/v1/orders", ORDER),
    ("POST", "/v1/orders", {}),
    ("GET", "/v1/orders/o1", None),
    ("PUT", "/v1/orders/o1", {"status": "CANCELED"}),
    ("GET", "/v1/orders", None),
    ("POST", "/v1/orders/import", [{**ORDER, "source_id": "o2"}, {"status": "LOST"}]),
    ("POST", "/v1/metadata-schemas/order/definitions/z/purge", None),
    ("POST", "/v1/campaigns", CAMPAIGN),
    ("POST", "/v1/campaigns", LOYALTY),
    ("POST", "/v1/campaigns", COUPONS),
    ("GET", "/v1/campaigns/Fall", None),
    ("PUT", "/v1/campaigns/Fall", {"expiration_date": "2032-01-01"}),
    ("POST", "/v1/campaigns/Fall/disable", None),
    ("POST", "/v1/campaigns/Fall/enable", None),
    ("GET", "/v1/campaigns", None),
    ("POST", "/v1/campaigns/Fall/vouchers", {}),
    ("POST", "/v1/campaigns/Fall/vouchers?vouchers_count=2", {}),
    ("POST", "/v1/campaigns/Fall/vouchers/ONE", {"metadata": {"x": 1}}),
    ("POST", "/v1/campaigns/Coupons/vouchers/TWO", {}),
    ("POST", "/v1/campaigns/Fall/import", [{"code": "THREE"}, {"code": "BAD", "active": 5}]),
    ("POST", "/v1/campaigns/Fall/importCSV", "Code,Active\nFOUR,true\nFIVE,perhaps\n"),
    ("POST", "/v1/metadata-schemas/campaign/definitions/z/purge", None),
    ("DELETE", "/v1/campaigns/Fall", None),
    ("DELETE", "/v1/products/shirt/skus/shirt-m", None),
    ("DELETE", "/v1/products/shirt", None),
    ("GET", "/v1/customers/jane/personal-data", None),
    ("POST", "/v1/customers/jane/permanent-deletion", None),
    ("DELETE", "/v1/customers/bob", None),
    ("GET", "/v1/trash-bin", None),
    ("DELETE", "/v1/trash-bin/{entry}", None),
    ("GET", "/v1/async-actions?limit=100", None),
    ("GET", "/v1/async-actions/aa_unknown", None),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answered:
    """One call and its answer, both as they stand in the body; None where there is none."""

    method: str
    path: str
    status: int
    request_body: Body
    body: Any


class Walk:
    """Makes calls, each of which may name in braces what an earlier one's answer had as its id.

    Projects are managed with the headers of an `owner`.
    """

    def __init__(self, api: Api, owner: dict[str, str]) -> None:
        self._owner = owner
        self.answers: list[Answered] = []
        self._api = api
        self._names = {"project": api.keys.project}

    def call(self, method: str, path: str, request_body: Body = None) -> Answered:
        """Send a call and keep its answer, and wait for the action that it started."""
        managed = MADE in path or (method, path) == ("POST", PROJECTS)
        headers = self._owner if managed else {}
        answer = self._api.http.request(
            method, path.format(**self._names), headers=headers, **self._content(request_body)
        )
        assert answer.status_code < 300 or "unknown" in path, f"{method} {path}: {answer.text}"
        shown = answer.json() if answer.content else None
        self.answers.append(Answered(method, answer.request.url.path, answer.status_code, request_body, shown))
        if isinstance(shown, dict) and not (managed and "async_action_id" in shown):
            self._remember(shown)
        return self.answers[-1]

    def _content(self, request_body: Body) -> dict[str, Any]:
        """The body as the client takes it."""
        if request_body is None:
            return {}
        if isinstance(request_body, Form):
            return {"data": {name: value.format(**self._names) for name, value in request_body.items()}}
        if isinstance(request_body, str):
            return {"files": {"file": ("rows.csv", request_body)}}
        return {"json": request_body}

    def call_all(self) -> None:
        """Make all CALLS, and then read every action that came of them."""
        for method, path, request_body in CALLS:
            self.call(method, path, request_body)
        for action in self._api.get("/v1/async-actions", limit=100)["async_actions"]:
            self._api.ended(action["id"])
            self.call("GET", f"/v1/async-actions/{action['id']}")

    def _remember(self, shown: dict[str, Any]) -> None:
        if "async_action_id" in shown:
            self._names["async_action"] = shown["async_action_id"]
            self._api.ended(shown["async_action_id"])
        elif "access_token" in shown:
            self._names["token"] = shown["access_token"]
        elif shown.get("data_ref") == "data" and shown["data"]:
            self._names["entry"] = shown["data"][0].get("id", "")
        elif "id" in shown:
            self._names[shown.get("object", "made_project")] = shown["id"]
