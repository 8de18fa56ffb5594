"""Every endpoint that the peer's OpenAPI file describes too: exercised once, and held to it."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from docs.write import REFERENCE_ENDPOINTS, operations, query_parameters

from tallykeep.catalog.action_types import ACTION_TYPES
from tests.reference_api import MISSING, Contradiction, Endpoint, ReferenceApi, endpoint, read_reference_api
from tests.reference_api_tolerated import TOLERATED, Tolerated
from tests.server import Api, Server, new_project

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

# In the peer's examples, though not in its schemas.
CAPTURED_ONLY = {"redemption.redeemed_amount"}
SCHEMA = {"related_object": "voucher", "properties": _DEFINITIONS}

Body = Any
Answer = tuple[Endpoint, str, Any]
# Method, path, and what is sent: JSON, or text for a file. In order: later calls need what earlier ones made, and name
# in braces what they want the last one's id of.
CALLS: tuple[tuple[str, str, Body], ...] = (
    ("POST", "/v1/categories", {"name": "Spring", "hierarchy": 0}),
    ("GET", "/v1/categories", None),
    ("GET", "/v1/categories/{category}", None),
    ("PUT", "/v1/categories/{category}", {"name": "Summer"}),
    ("DELETE", "/v1/categories/{category}", None),
    ("POST", "/management/v1/projects/{project}/metadata-schemas", SCHEMA),
    ("GET", "/management/v1/projects", None),
    ("GET", "/management/v1/projects/{project}/metadata-schemas", None),
    ("GET", "/management/v1/projects/{project}/metadata-schemas/{metadata_schema}", None),
    ("PUT", "/management/v1/projects/{project}/metadata-schemas/{metadata_schema}", {"properties": MORE}),
    ("GET", "/v1/metadata-schemas", None),
    ("GET", "/v1/metadata-schemas/voucher", None),
    ("DELETE", "/management/v1/projects/{project}/metadata-schemas/{metadata_schema}", None),
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
    ("DELETE", "/v1/customers/bob", None),
    ("GET", "/v1/trash-bin", None),
    ("DELETE", "/v1/trash-bin/{entry}", None),
    ("GET", "/v1/async-actions?limit=100", None),
    ("GET", "/v1/async-actions/aa_unknown", None),
)  # fmt: skip


@pytest.fixture(scope="module")
def reference_api() -> ReferenceApi:
    found = read_reference_api()
    if found is None:
        pytest.skip(MISSING)
    return found


@pytest.fixture(scope="module")
def answers(reference_api: ReferenceApi, server: Server, served_database: str) -> list[Answer]:
    """What every call is answered, and then every action that came of them."""
    api = Api(server.url, new_project(served_database))
    api.http.event_hooks = {}  # held to the file below, all of them at once
    walk = _Walk(reference_api, api)
    for method, path, body in CALLS:
        walk.call(method, path, body)
    for action in api.get("/v1/async-actions", limit=100)["async_actions"]:
        api.ended(action["id"])
        walk.call("GET", f"/v1/async-actions/{action['id']}")
    api.http.close()
    return walk.answers


class _Walk:
    def __init__(self, reference_api: ReferenceApi, api: Api) -> None:
        self.answers: list[Answer] = []
        self._reference_api = reference_api
        self._api = api
        self._names = {"project": api.keys.project}

    def call(self, method: str, path: str, body: Body = None) -> None:
        content: dict[str, Any] = {"files": {"file": ("rows.csv", body)}} if isinstance(body, str) else {"json": body}
        answer = self._api.http.request(method, path.format(**self._names), **(content if body is not None else {}))
        assert answer.status_code < 300 or "unknown" in path, f"{method} {path}: {answer.text}"
        shown = answer.json() if answer.content else None
        found = self._reference_api.find(method, answer.request.url.path)
        if found is not None:
            self.answers.append((found, str(answer.status_code), shown))
        if isinstance(shown, dict):
            self._remember(shown)

    def _remember(self, shown: dict[str, Any]) -> None:
        if "async_action_id" in shown:
            self._api.ended(shown["async_action_id"])
        elif shown.get("data_ref") == "data" and shown["data"]:
            self._names["entry"] = shown["data"][0]["id"]
        elif "id" in shown:
            self._names[shown["object"]] = shown["id"]


@cache
def _ours() -> dict[Endpoint, dict[str, Any]]:
    """Our endpoints as our own OpenAPI document describes them."""
    return {endpoint(*name.split(" ")): operation for name, operation in operations().items()}


def _contradictions(reference_api: ReferenceApi, answers: list[Answer]) -> Iterator[Contradiction]:
    for of, status, body in answers:
        if body is not None:
            yield from reference_api.contradictions(of, status, body)


def test_every_answer_is_as_the_reference_apis_file_says(reference_api: ReferenceApi, answers: list[Answer]) -> None:
    wrong = [str(found) for found in _contradictions(reference_api, answers) if not found.is_tolerated]
    assert wrong == []


def test_every_answer_has_a_status_that_the_reference_apis_file_knows(
    reference_api: ReferenceApi, answers: list[Answer]
) -> None:
    odd = {(of, status) for of, status, _ in answers if status not in reference_api.operations[of]["responses"]}
    assert odd == set()


def test_every_endpoint_that_both_have_is_exercised(reference_api: ReferenceApi, answers: list[Answer]) -> None:
    exercised = {of for of, status, _ in answers if status.startswith("2")}
    assert _ours().keys() & reference_api.operations.keys() - exercised == set()


def test_every_action_type_shows_its_result(answers: list[Answer]) -> None:
    shown = {body["type"] for of, _, body in answers if of == ("GET", "/v1/async-actions/{}") and "type" in body}
    assert shown == ACTION_TYPES.keys()


@pytest.mark.parametrize("tolerated", TOLERATED, ids=lambda one: f"{one.answer} {one.place}")
def test_what_is_tolerated_is_needed_and_in_the_examples_where_it_says_so(
    reference_api: ReferenceApi, answers: list[Answer], tolerated: Tolerated
) -> None:
    assert any(found.is_covered_by(tolerated) for found in _contradictions(reference_api, answers))
    examples = [
        (of, status, example)
        for of, operation in reference_api.operations.items()
        for status in operation["responses"]
        for example in reference_api.examples(of, status)
    ]
    captured = any(found.is_covered_by(tolerated) for found in _contradictions(reference_api, examples))
    assert captured is tolerated.captured


def _declared(name: str, of: Endpoint) -> Any:
    return _ours()[of].get("x-compatibility", {}).get(name, ())


def test_endpoints_say_whether_they_are_ours_alone(reference_api: ReferenceApi) -> None:
    alone = {of for of in _ours() if _declared("ours", of)}
    assert alone == _ours().keys() - reference_api.operations.keys()


def test_endpoints_that_are_not_here_are_listed(reference_api: ReferenceApi) -> None:
    assert {
        endpoint(*name.split(" ")) for name in REFERENCE_ENDPOINTS
    } - _ours().keys() == reference_api.operations.keys() - _ours().keys()


def test_endpoints_declare_the_reference_apis_query_parameters(reference_api: ReferenceApi) -> None:
    for of, operation in _ours().items():
        declared = set(operation.get("x-compatibility", {}).get("query", query_parameters(operation)))
        if of in reference_api.operations:
            assert declared == reference_api.query_parameters(of), of


def test_fields_that_only_our_answers_have_are_declared(reference_api: ReferenceApi, answers: list[Answer]) -> None:
    found: dict[Endpoint, set[str]] = {}
    for of, status, body in answers:
        if body is not None:
            named = {place.rpartition("[].")[2] for place in reference_api.unknown_fields(of, status, body)}
            found.setdefault(of, set()).update(named - CAPTURED_ONLY)
    assert {of: set(_declared("added", of)) for of in found} == found


def test_fields_that_our_answers_never_have_are_declared(reference_api: ReferenceApi, answers: list[Answer]) -> None:
    for of in {of for of, _, _ in answers if of[0] == "GET"}:
        shown = [body for one, status, body in answers if one == of and status == "200"]
        ours = set().union(*map(_fields, shown))
        captured = set().union(*map(_fields, reference_api.examples(of, "200")))
        assert captured - ours <= set(_declared("absent", of)) <= reference_api.fields(of, "200") - ours, of


def _fields(body: dict[str, Any]) -> set[str]:
    """The fields of the resources that an answer shows."""
    return set().union(*body[body["data_ref"]]) if "data_ref" in body else set(body)
