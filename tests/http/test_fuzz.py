"""No request, however hostile, is a defect of ours: whatever comes, to every route of the OpenAPI document."""

import json
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from tests.server import Api

ROUNDS = int(os.environ.get("FUZZ_ROUNDS", "1"))  # a longer look for by hand
FUZZED = settings(derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck),
                  phases=[Phase.generate])  # fmt: skip

# Numbers that Python's writer of JSON would not write, as texts that are put in for these.
NUMBERS = {f"number {at}": text for at, text in enumerate((
    "1e28", "1.5e300", "1e400", "-1e400", "1e-400", "18446744073709551616", "123456789012345678901234567890",
    "1" * 400, "0." + "1" * 2_000, "1E+20", "-0.0", "9007199254740993", "NaN", "01",
))}  # fmt: skip
TEXTS = (
    "", " ", "\0", "a\rb", "\u2028", "\ufeff", "\ud800", "null", "None", "true", "-1", "1e3", "٣", "0" * 400,
    "x" * 3_000,
    "2026-12-31", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2026-13-45", "P1D", "P99999999999999999Y", "%",
    "'",
    "[{[]:1}]", "[1,", "{}", "[]", "../..", "=1+1", "AMOUNT", "GIFT_VOUCHER", "vouchers", "voucher", "object", "number",
    "-created_at", "ids[]", "é" * 300, "🙂",
)  # fmt: skip


def nested(levels: int, kind: str = "[") -> str:
    return "[" * levels + "]" * levels if kind == "[" else '{"a":' * levels + "1" + "}" * levels


RAW = {
    **NUMBERS,
    **{f"nested {levels}{kind}": nested(levels, kind) for levels in (33, 260, 700, 1_100) for kind in "[{"},
}
hostile = st.recursive(
    st.sampled_from([None, True, False, 0, -1, 1.5, 2**31, 2**53, 2**63, 2**64 - 1, *TEXTS, *RAW, [], {}]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "type", "", "\0"]), inner, max_size=2)
    ),
    max_leaves=3,
)

VOUCHER = {
    "code": "F-1", "type": "GIFT_VOUCHER", "gift": {"amount": 5, "balance": 5, "subtracted_amount": 0, "effect": "x"},
    "discount": {"type": "UNIT", "unit_off": 1, "unit_type": "x", "effect": "ADD_NEW_ITEMS", "units": []},
    "loyalty_card": {"points": 3, "subtracted_points": 1, "expired_points": 0, "balance": 2}, "active": True,
    "start_date": "2026-01-01", "expiration_date": "2026-12-31", "redemption": {"quantity": 1}, "category": "c",
    "category_id": "cat_1", "metadata": {"k": 1}, "additional_info": "x", "validity_timeframe": {"duration": "P1D"},
    "validity_day_of_week": [1], "validity_hours": {"daily": []}, "validation_rules": ["r"], "redeemed_quantity": 1,
    "redeemed_amount": 1, "code_config": {"length": 4, "charset": "ab", "pattern": "#", "prefix": "x", "postfix": "y"},
}  # fmt: skip
CUSTOMER = {
    "source_id": "c-1", "id": "cust_1", "name": "x", "email": "x", "phone": "1", "birthdate": "2000-01-01",
    "birthday": "2000-01-01", "address": {"city": "x", "line_1": "y"}, "metadata": {"k": 1}, "description": "d",
}  # fmt: skip
PRODUCT = {
    "source_id": "p-1", "id": "prod_1", "name": "x", "price": 1, "attributes": ["a"], "image_url": "x",
    "metadata": {"k": 1}, "sku": "s", "currency": "EUR", "product_id": "p-1", "product": {"name": "x"},
}  # fmt: skip
ORDER = {
    "source_id": "o-1", "status": "PAID", "amount": 1, "initial_amount": 1, "discount_amount": 0,
    "items": [{"product_id": "p", "sku_id": "s", "source_id": "p-1", "related_object": "product", "quantity": 1,
               "price": 1, "amount": 1, "product": {"source_id": "p-1", "name": "x", "price": 1, "override": True},
               "sku": {"source_id": "s-1", "sku": "x", "product_id": "p-1", "override": True, "metadata": {}}}],
    "customer": {**CUSTOMER}, "customer_id": "c", "referrer": {"source_id": "r"}, "referrer_id": "r",
    "metadata": {"k": 1},
}  # fmt: skip
CAMPAIGN = {
    "name": "F", "campaign_type": "GIFT_VOUCHERS", "type": "STATIC", "vouchers_count": 1, "voucher": VOUCHER,
    "metadata": {"k": 1}, "start_date": "2026-01-01", "expiration_date": "2026-12-31", "active": True, "category": "c",
    "category_id": "x", "description": "x", "auto_join": True, "validity_hours": {}, "gift": {"amount": 1},
    "discount": {"type": "AMOUNT", "amount_off": 1}, "loyalty_card": {"points": 1}, "unset_metadata_fields": ["k"],
    "validity_timeframe": {}, "validity_day_of_week": [1], "promotion": {},
}  # fmt: skip
DEFINITION = {
    "type": "number", "array": False, "optional": True, "object_type": "x", "eq": [1], "ne": [2], "lt": 3, "gte": 0,
    "min_length": 1, "max_length": 4, "deleted": False,
}  # fmt: skip
OTHERS = {
    "related_object": "voucher", "properties": {"k": DEFINITION}, "allow_defined_only": False, "codes": ["F-1"],
    "source_ids": ["c-1"], "metadata": {"k": 1}, "name": "x", "hierarchy": 1, "kind": "app", "unset": [],
}  # fmt: skip
SAMPLES: tuple[dict[str, Any], ...] = (VOUCHER, CUSTOMER, PRODUCT, ORDER, CAMPAIGN, OTHERS)
NOUNS = {"vouchers": VOUCHER, "customers": CUSTOMER, "products": PRODUCT, "skus": PRODUCT, "orders": ORDER,
         "campaigns": CAMPAIGN}  # fmt: skip


def paths_in(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield before
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from paths_in(each, (*before, key))


def replaced(value: Any, path: tuple[Any, ...], wanted: Any) -> Any:
    if not path:
        return wanted
    at, *rest = path
    if isinstance(value, dict) and at in value:
        return {**value, at: replaced(value[at], tuple(rest), wanted)}
    if isinstance(value, list) and isinstance(at, int) and at < len(value):
        return [*value[:at], replaced(value[at], tuple(rest), wanted), *value[at + 1 :]]
    return value


@st.composite
def bodies(draw: st.DrawFn, sample: Any) -> bytes:
    """A body that is right but for some places of it."""
    value = sample
    for path in draw(st.lists(st.sampled_from(list(paths_in(sample))), min_size=1, max_size=3)):
        value = replaced(value, path, draw(hostile))
    text = json.dumps(value)
    for name, raw in RAW.items():
        text = text.replace(f'"{name}"', raw)
    return text.encode()


def sample_of(path: str) -> Any:
    named = next((noun for noun in reversed(path.split("/")) if noun in NOUNS), None)
    sample = NOUNS[named] if named else OTHERS
    if "metadata/async" in path or "management" in path or "categories" in path:
        sample = OTHERS
    return [sample, sample] if path.endswith(("import", "bulk/async", "preview", "retry")) else sample


CELLS = st.sampled_from(
    [*TEXTS, *NUMBERS.values(), '"', "1,5", "31.12.2026", "15 %", "1E+20", '{""a"":1e28}', ";", "\n", "x\x0by"]
)
TITLES = ["Code", "Voucher Type", "Value", "Discount Type", "Start Date", "Source_id", "name", "price", "attributes",
          "product_id", "k", "", "birthdate", "Active", "Gift Amount", "Category", "row", "reason"]  # fmt: skip


def file_of(titles: list[str], rows: list[list[str]], delimiter: str) -> bytes:
    return "\n".join(delimiter.join(row) for row in [titles, *rows]).encode("utf-8", "replace")


files = st.builds(
    file_of,
    st.lists(st.sampled_from(TITLES), max_size=8, unique=True),
    st.lists(st.lists(CELLS, max_size=8), max_size=4),
    st.sampled_from(",;\t|"),
) | st.binary(max_size=40)  # fmt: skip


@pytest.fixture
def document(api: Api) -> dict[str, Any]:
    return dict(api.http.get("/openapi.json").json())


@pytest.fixture
def known(api: Api) -> dict[str, str]:
    return what_is_there(api)


def what_is_there(api: Api) -> dict[str, str]:
    """By the names that paths have for it."""
    action = api.import_json([{"code": "F-0"}, 7, {"code": "F-9", "foo": [[]]}])
    api.ended(action)
    api.http.post("/v1/vouchers/F-1", json={"type": "GIFT_VOUCHER", "gift": {"amount": 5}, "metadata": {"k": 1}})
    campaign = api.http.post("/v1/campaigns", json={"name": "F-C", "voucher": {"gift": {"amount": 5}}}).json()["id"]
    schema = api.define_schema("voucher", {"k": {"type": "number"}})["id"]
    return {
        "action_id": action, "code": "F-1", "campaign_id": campaign, "target": campaign, "project_id": api.keys.project,
        "schema_id": schema, "resource": "voucher", "related_object": "voucher", "key": "k",
    }  # fmt: skip


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if not path.endswith("/events"):  # an answer without an end
                yield method.upper(), path, operation


class Fuzz:
    """Sends requests and keeps those that were answered with a defect."""

    def __init__(self, api: Api) -> None:
        self._http = httpx.Client(base_url=api.url, headers=dict(api.http.headers), timeout=60, trust_env=False)
        self.defects: dict[str, str] = {}
        self.sent = 0

    def send(self, method: str, path: str, **options: Any) -> None:
        self.sent += 1
        answer = self._http.request(method, path, **options)
        if answer.status_code >= 500:
            self.defects.setdefault(f"{method} {path.partition('?')[0]}", f"{path} {options!r:.2000} {answer.text}")

    def check(self) -> None:
        assert self.sent > 50
        assert not self.defects, "\n".join(self.defects.values())


def read_everything(api: Api, fuzz: Fuzz) -> None:
    """Whatever was taken can be read, and no row failed for a defect."""
    for action in api.get("/v1/async-actions", limit=100)["async_actions"]:
        api.ended(action["id"])
        path = f"/v1/async-actions/{action['id']}"
        for name in ("failures?sent=true", "failures?group_by=reason", "failures.csv", "failures.ndjson", "file"):
            fuzz.send("GET", f"{path}/{name}")
        failures = api.get(f"{path}/failures", limit=100)["failures"]
        internal = [failure for failure in failures if "Internal error" in failure["reason"]]
        if internal:
            fuzz.defects[path] = str(internal)[:2_000] + str(api.get(f"{path}/failures", sent="true"))[:2_000]
    for noun in (
        "vouchers",
        "customers",
        "products",
        "orders",
        "campaigns",
        "categories",
        "metadata-schemas",
        "trash-bin",
    ):
        fuzz.send("GET", f"/v1/{noun}?limit=100")
    for noun in ("vouchers", "customers", "products"):
        fuzz.send("GET", f"/v1/lists/csv/{noun}")


def filled(path: str, given: dict[str, str]) -> str:
    for name, value in given.items():
        path = path.replace(f"{{{name}}}", quote(value.encode("utf-8", "surrogatepass"), safe=""))
    return path


def names_in(path: str) -> list[str]:
    return [part.partition("}")[0] for part in path.split("{")[1:]]


def test_every_route_takes_hostile_paths_and_queries(api: Api, document: dict[str, Any], known: dict[str, str]) -> None:
    fuzz = Fuzz(api)
    routes = [(method, path, query_names(operation)) for method, path, operation in operations(document)]

    @settings(FUZZED, max_examples=350 * ROUNDS)
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        method, path, names = data.draw(st.sampled_from(routes))
        given_ids = {name: data.draw(st.sampled_from([known.get(name, "x"), *TEXTS])) for name in names_in(path)}
        texts = st.sampled_from([*TEXTS, *NUMBERS.values(), "1", "10", "$is", "created_at", "csv"])
        asked = data.draw(st.lists(st.tuples(st.sampled_from(names), texts), max_size=3))
        query = "&".join(f"{quote(name)}={quote(value.encode('utf-8', 'surrogatepass'))}" for name, value in asked)
        fuzz.send(method, f"{filled(path, given_ids)}?{query}")

    ask()
    fuzz.check()


FIELDS = (
    "code",
    "id",
    "gift_balance",
    "created_at",
    "metadata.k",
    "metadata.",
    "active",
    "category",
    "status",
    "price",
    "",
)
CONDITIONS = ("$is", "$in", "$not_in", "$more_than", "$after", "$has_value", "$contains", "$active", "$x", "")
FILTERS = [f"filters[{field}][conditions][{condition}]" for field in FIELDS for condition in CONDITIONS]


def query_names(operation: dict[str, Any]) -> list[str]:
    own = [each["name"] for each in operation.get("parameters", []) if each["in"] == "query" and each["name"] != "wait"]
    return [*10 * own, *10 * ["order", "filters[junction]", "ids[0]", "created_at[after]"], "[", *FILTERS]


def test_every_route_takes_hostile_bodies(api: Api, document: dict[str, Any], known: dict[str, str]) -> None:
    fuzz = Fuzz(api)
    routes = [(method, path) for method, path, operation in operations(document) if "requestBody" in operation]

    @settings(FUZZED, max_examples=700 * ROUNDS)
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        method, path = data.draw(st.sampled_from(routes))
        where = filled(path, {name: known.get(name, "x") for name in names_in(path)})
        kind = data.draw(st.sampled_from(["json", "json", "json", "file", "form", "ndjson"]))
        if kind == "json":
            fuzz.send(method, where, content=data.draw(bodies(sample_of(path))), headers=JSON)
        elif kind == "ndjson":
            lines = data.draw(st.lists(bodies(sample_of(path)), max_size=2))
            fuzz.send(method, where, content=b"\n".join(lines), headers={"Content-Type": "application/x-ndjson"})
        else:
            content = data.draw(files)
            fields = data.draw(st.dictionaries(st.sampled_from(FORM_FIELDS), wishes, max_size=2))
            if kind == "form":
                sent = {name: value.encode("utf-8", "replace").decode() for name, value in fields.items()}
                fuzz.send(method, where, data=sent, files={"file": ("x.csv", content)})
            else:
                fuzz.send(method, where, content=content, headers={"Content-Type": "text/csv"})

    ask()
    read_everything(api, fuzz)
    fuzz.check()


JSON = {"Content-Type": "application/json"}
FORM_FIELDS = (
    "mapping",
    "defaults",
    "values",
    "delimiter",
    "charset",
    "kind",
    "target",
    "limit",
    "dry_run",
    "on_error",
)
wishes = st.sampled_from([
    *TEXTS, nested(300, "{"), "utf-16", "reject",
    *(json.dumps(each) for each in ({"k": "Code"}, {"Code": None}, {"a": {"b": "c"}}, {"Code": "\0"}, {"\0": "x"},
      {"Value": "1\0"}, {"Voucher Type": {"": "\ud800"}}, {"": ""}, [1], {"k": 10**30})),
])  # fmt: skip


def test_every_route_takes_what_its_own_description_makes_of_it(
    api: Api, document: dict[str, Any], known: dict[str, str]
) -> None:
    fuzz = Fuzz(api)
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        operation = found.ok()
        if not operation.body:
            continue

        @settings(FUZZED, max_examples=2 * ROUNDS)
        @given(operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
        def ask(case: schemathesis.Case) -> None:
            there = {name: known[name] for name in case.path_parameters.keys() & known}
            case.path_parameters = {**case.path_parameters, **there}
            case.headers = {"X-App-Id": api.keys.app_id, "X-App-Token": api.keys.app_token}
            request = requests.Request(**case.as_transport_kwargs(base_url=api.url)).prepare()
            headers = {name: value for name, value in request.headers.items() if name.lower() == "content-type"}
            fuzz.send(str(request.method), str(request.url), content=request.body, headers=headers)

        ask()
    fuzz.check()
