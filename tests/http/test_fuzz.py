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

from tests.http.hostile import NUMBERS, TEXTS, bodies, files, nested, sample_of
from tests.server import Api

ROUNDS = int(os.environ.get("FUZZ_ROUNDS", "1"))  # ten for `make attack`
FUZZED = settings(derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck),
                  phases=[Phase.generate])  # fmt: skip


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
        self.requests = 0

    def send(self, method: str, path: str, **options: Any) -> None:
        self.requests += 1
        answer = self._http.request(method, path, **options)
        if answer.status_code >= 500:
            self.defects.setdefault(f"{method} {path.partition('?')[0]}", f"{path} {options!r:.2000} {answer.text}")

    def check(self) -> None:
        assert self.requests > 50
        assert not self.defects, "\n".join(self.defects.values())


def read_everything(api: Api, fuzz: Fuzz) -> None:
    """Whatever was taken can be read, and no row failed for a defect."""
    for action in api.get("/v1/async-actions", limit=100)["async_actions"]:
        api.ended(action["id"])
        path = f"/v1/async-actions/{action['id']}"
        for name in (
            "failures?source_rows=true",
            "failures?group_by=reason",
            "failures.csv",
            "failures.ndjson",
            "file",
        ):
            fuzz.send("GET", f"{path}/{name}")
        failures = api.get(f"{path}/failures", limit=100)["failures"]
        internal = [failure for failure in failures if "Internal error" in failure["reason"]]
        if internal:
            fuzz.defects[path] = str(internal)[:2_000] + str(api.get(f"{path}/failures", source_rows="true"))[:2_000]
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


def filled(path: str, ids: dict[str, str]) -> str:
    for name, value in ids.items():
        path = path.replace(f"{{{name}}}", quote(value.encode("utf-8", "surrogatepass"), safe=""))
    return path


def names_in(path: str) -> list[str]:
    return [part.partition("}")[0] for part in path.split("{")[1:]]


def test_every_route_takes_hostile_paths_and_queries(api: Api, document: dict[str, Any], known: dict[str, str]) -> None:
    fuzz = Fuzz(api)
    routes = [(method, path, query_names(operation)) for method, path, operation in operations(document)]

    @settings(FUZZED, max_examples=150 * ROUNDS)
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        method, path, names = data.draw(st.sampled_from(routes))
        ids = {name: data.draw(st.sampled_from([known.get(name, "x"), *TEXTS])) for name in names_in(path)}
        texts = st.sampled_from([*TEXTS, *NUMBERS.values(), "1", "10", "$is", "created_at", "csv"])
        parameters = data.draw(st.lists(st.tuples(st.sampled_from(names), texts), max_size=3))
        query = "&".join(f"{quote(name)}={quote(value.encode('utf-8', 'surrogatepass'))}" for name, value in parameters)
        fuzz.send(method, f"{filled(path, ids)}?{query}")

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


TYPES = (
    "application/json", "text/csv", "text/csv; charset=nonsense", "text/csv; charset=utf-16", "text/csv; charset=idna",
    "text/csv; charset=base64", "application/json; charset=utf-7", "multipart/form-data",
    "multipart/form-data; boundary=", "multipart/form-data; boundary=x",
    'multipart/form-data; boundary="\xe9"', "application/x-ndjson", "", ";", "a/b; c",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/octet-stream",
    "application/x-www-form-urlencoded",
)  # fmt: skip
PART = b"--x\r\nContent-Disposition: form-data; name="
CONTENTS = (
    b"", b"\0", b"[]", b"{}", b"Code\nA\n", b"PK\x03\x04", b"PK\x03\x04" + b"\0" * 60,
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\xef\xbb\xbf", b"\xff\xfe",
    b"--x\r\n\r\n--x--", PART + b'"file"\r\n\r\n[1]\r\n--x--',
    PART + b"\xff; filename=\xfe\r\n\r\n", b'"', b"\xff" * 50, b"[" * 5_000, b"NaN", b"[1e400]",
)  # fmt: skip
ENCODINGS = ("", "identity", "gzip", "zstd", "x-gzip", "br", "gzip, gzip", "\xe9")


def test_every_route_takes_hostile_headers(api: Api, document: dict[str, Any], known: dict[str, str]) -> None:
    fuzz = Fuzz(api)
    routes = [(method, filled(path, {name: known.get(name, "x") for name in names_in(path)}))
              for method, path, operation in operations(document) if "requestBody" in operation]  # fmt: skip
    plain = st.sampled_from(["", "k", "\xe9", "x" * 255, "x" * 256, "\xff\xfe", "-1", "W/*"])

    @settings(FUZZED, max_examples=150 * ROUNDS)
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        method, path = data.draw(st.sampled_from(routes))
        headers = {"Content-Type": data.draw(st.sampled_from(TYPES))}
        for name in data.draw(
            st.lists(st.sampled_from(["Idempotency-Key", "Accept", "Last-Event-ID", "X-App-Id", "Range"]))
        ):
            headers[name] = data.draw(plain)
        if data.draw(st.booleans()):
            headers["Content-Encoding"] = data.draw(st.sampled_from(ENCODINGS))
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        fuzz.send(method, path, content=data.draw(st.sampled_from(CONTENTS)), headers=raw)

    ask()
    fuzz.check()


def test_every_route_takes_hostile_bodies(api: Api, document: dict[str, Any], known: dict[str, str]) -> None:
    fuzz = Fuzz(api)
    routes = [(method, path) for method, path, operation in operations(document) if "requestBody" in operation]

    @settings(FUZZED, max_examples=200 * ROUNDS)
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        method, path = data.draw(st.sampled_from(routes))
        where = filled(path, {name: known.get(name, "x") for name in names_in(path)})
        format_ = data.draw(st.sampled_from(["json", "json", "json", "file", "form", "ndjson"]))
        if format_ == "json":
            fuzz.send(method, where, content=data.draw(bodies(sample_of(path))), headers=JSON)
        elif format_ == "ndjson":
            lines = data.draw(st.lists(bodies(sample_of(path)), max_size=2))
            fuzz.send(method, where, content=b"\n".join(lines), headers={"Content-Type": "application/x-ndjson"})
        else:
            content = data.draw(files)
            fields = data.draw(st.dictionaries(st.sampled_from(FORM_FIELDS), submission_options, max_size=2))
            if format_ == "form":
                form = {name: value.encode("utf-8", "replace").decode() for name, value in fields.items()}
                fuzz.send(method, where, data=form, files={"file": ("x.csv", content)})
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
submission_options = st.sampled_from([
    *TEXTS, nested(300, "{"), "utf-16", "reject",
    *(json.dumps(each) for each in ({"k": "Code"}, {"Code": None}, {"a": {"b": "c"}}, {"Code": "\0"}, {"\0": "x"},
      {"Value": "1\0"}, {"Voucher Type": {"": "\ud800"}}, {"": ""}, [1], {"k": 10**30})),
])  # fmt: skip


def test_every_route_takes_what_its_own_description_makes_of_it(
    api: Api, document: dict[str, Any], known: dict[str, str]
) -> None:
    fuzz = Fuzz(api)
    for result in schemathesis.openapi.from_dict(document).get_all_operations():
        operation = result.ok()
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
