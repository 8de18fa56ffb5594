"""Metadata schemas: managed through the management API, shown by both."""

from typing import Any

import httpx
import pytest

from tests.http.test_errors import check
from tests.server import NO_TLS, Api


def manage(api: Api, method: str, path: str = "", body: Any = None, project: str | None = None) -> httpx.Response:
    headers = {"X-Management-Id": api.keys.management_id, "X-Management-Token": api.keys.management_token}
    url = f"{api.url}/management/v1/projects/{project or api.keys.project}/metadata-schemas{path}"
    return httpx.request(method, url, headers=headers, json=body, trust_env=False, verify=NO_TLS)


def test_schemas_are_created_updated_and_deleted(api: Api) -> None:
    created = api.define_schema("voucher", {"unit": {"type": "number", "optional": False, "eq": [1, 2]}})
    assert created["properties"] == {
        "unit": {"type": "number", "array": False, "optional": False, "object_type": None, "eq": [1, 2]}
    }
    assert (created["related_object"], created["allow_defined_only"], created["updated_at"]) == ("voucher", False, None)
    updated = manage(
        api, "PUT", f"/{created['id']}", {"properties": {"lang": {"type": "string", "max_length": 2}}}
    ).json()
    assert updated["properties"].keys() == {"unit", "lang"}
    assert updated["updated_at"] is not None
    removed = {"unit": {"type": "number", "deleted": True}}
    updated = manage(api, "PUT", f"/{created['id']}", {"properties": removed, "allow_defined_only": True}).json()
    assert updated["properties"]["unit"]["deleted"] is True
    assert "eq" not in updated["properties"]["unit"]
    assert updated["allow_defined_only"] is True
    assert manage(api, "GET", f"/{created['id']}").json() == updated
    list_spec = manage(api, "GET").json()
    assert (list_spec["data_ref"], list_spec["total"], list_spec["data"]) == ("data", 1, [updated])
    assert manage(api, "DELETE", f"/{created['id']}").status_code == 204
    check(manage(api, "DELETE", f"/{created['id']}"), 404, "not_found")
    check(manage(api, "GET", f"/{created['id']}"), 404, "not_found")


def test_the_api_shows_them_in_its_older_shape(api: Api) -> None:
    api.define_schema("Address", {"zip": {"type": "string", "exact_length": 5}})
    api.define_schema("voucher", {"home": {"type": "object", "object_type": "Address"}})
    schema = api.get("/v1/metadata-schemas/voucher")
    assert schema["properties"]["home"] == {
        "type": "object", "array": False, "optional": True, "objectType": "Address",
    }  # fmt: skip
    page = api.get("/v1/metadata-schemas")
    assert page["data_ref"] == "schemas"
    assert [entry["related_object"] for entry in page["schemas"]] == ["Address", "voucher"]
    assert page["schemas"][0]["properties"]["zip"]["exactLength"] == 5
    check(api.http.get("/v1/metadata-schemas/order"), 404, "not_found", "order")


def test_what_makes_no_sense_is_refused(api: Api) -> None:
    created = api.define_schema("voucher", {"unit": {"type": "number"}})
    check(manage(api, "POST", body={"related_object": "voucher", "properties": {}}), 409, "duplicate_found")
    check(manage(api, "POST", body={"related_object": "order"}), 400, "invalid_payload", "properties")
    check(manage(api, "POST", body={"properties": {}}), 400, "invalid_payload", "related_object")
    deep: Any = "bottom"
    for _ in range(900):
        deep = [deep]
    check(
        manage(api, "POST", body={"related_object": deep, "properties": {}}), 400, "invalid_payload", "related_object"
    )
    for definition in (
        {"type": "string", "eq": ["\0"]},
        {"type": "string", "min_length": 1e300},
        {"type": "number", "eq": [True]},
    ):
        body = {"related_object": "order", "properties": {"x": definition}}
        check(manage(api, "POST", body=body), 400, "invalid_payload", "properties.x")
    changed = {"properties": {"unit": {"type": "string"}}}
    check(manage(api, "PUT", f"/{created['id']}", changed), 400, "invalid_payload", "cannot be changed")


def test_keys_manage_their_own_project_only(api: Api, other_api: Api) -> None:
    check(manage(api, "GET", project=other_api.keys.project), 404, "not_found")
    projects = httpx.get(
        f"{api.url}/management/v1/projects",
        headers={"X-Management-Id": api.keys.management_id, "X-Management-Token": api.keys.management_token},
        trust_env=False,
        verify=NO_TLS,
    ).json()
    assert [project["id"] for project in projects["data"]] == [api.keys.project]
    assert (projects["object"], projects["data_ref"], projects["total"]) == ("list", "data", 1)
    own = api.get(f"/management/v1/projects/{api.keys.project}/metadata-schemas")
    assert own["total"] == 0


def test_how_many_resources_carry_a_key_is_what_its_purge_reaches(api: Api, other_api: Api) -> None:
    gift = {"type": "GIFT_VOUCHER", "gift": {"amount": 1}}
    made = {
        "voucher": ("/v1/vouchers", {**gift, "code": "A"}),
        "campaign": ("/v1/campaigns", {"name": "Fall", "voucher": gift}),
        "customer": ("/v1/customers", {"source_id": "a"}),
        "product": ("/v1/products", {"source_id": "a", "name": "Shirt"}),
        "order": ("/v1/orders", {"source_id": "a"}),
    }
    for resource, (path, body) in made.items():
        usage = f"/v1/metadata-schemas/{resource}/definitions/Shelf%2F1/usage"
        assert api.get(usage) == {
            "object": "metadata_key_usage", "related_object": resource, "key": "Shelf/1", "total": 0,
        }  # fmt: skip
        for metadata in ({"Shelf/1": "x"}, {"Other": "x"}):
            body |= {name: f"{resource}-{len(metadata)}{next(iter(metadata))}" for name in body if name in _KEYS}
            assert api.http.post(path, json={**body, "metadata": metadata}).status_code == 200
        assert (api.get(usage)["total"], other_api.get(usage)["total"]) == (1, 0)
        purge = api.http.post(f"/v1/metadata-schemas/{resource}/definitions/Shelf%2F1/purge")
        assert api.ended(purge.json()["async_action_id"])["done_count"] == 1
        assert api.get(usage)["total"] == 0
    check(api.http.get("/v1/metadata-schemas/sku/definitions/x/usage"), 404, "not_found", "voucher, campaign")


@pytest.mark.parametrize("resource", ["voucher", "campaign", "customer", "product", "order"])
def test_keys_in_use_are_listed_by_how_many_carry_them(api: Api, resource: str) -> None:
    assert api.get(f"/v1/metadata-schemas/{resource}/usage") == {
        "object": "list", "data_ref": "keys", "related_object": resource, "scanned": 0, "complete": True, "keys": [],
    }  # fmt: skip
    gift = {"type": "GIFT_VOUCHER", "gift": {"amount": 1}}
    for number, metadata in enumerate(({"a": 1, "B": 2}, {"B": None}, {})):
        body = {"name": f"N{number}", "code": f"C{number}", "voucher": gift, **(gift if resource == "voucher" else {})}
        assert api.http.post(f"/v1/{resource}s", json={**body, "metadata": metadata}).status_code == 200
    usage = api.get(f"/v1/metadata-schemas/{resource}/usage")
    assert usage["keys"] == [{"key": "B", "total": 2}, {"key": "a", "total": 1}]
    assert (usage["scanned"], usage["complete"]) == (3, True)


def test_only_so_many_keys_in_use_are_listed(api: Api) -> None:
    body = {"source_id": "x", "metadata": {f"key {number:03}": 1 for number in range(201)}}
    assert api.http.post("/v1/customers", json=body).status_code == 200
    usage = api.get("/v1/metadata-schemas/customer/usage")
    assert (len(usage["keys"]), usage["complete"]) == (200, False)
    check(api.http.get("/v1/metadata-schemas/sku/usage"), 404, "not_found", "voucher, campaign")


_KEYS = ("code", "name", "source_id")
