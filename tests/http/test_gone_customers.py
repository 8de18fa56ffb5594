"""Somebody who is no customer any more: erased and exported by what rows say, unless a customer is still there."""

import re

import pytest

from tests.http.test_errors import check
from tests.http.test_personal_data import CUSTOMER, EMAIL, HEADER, KEY, erase, import_file, started
from tests.server import Api


def test_a_customer_who_is_gone(api: Api) -> None:
    action_id = started(import_file(api, f"{HEADER}{KEY},A,,,\n"))
    api.ended(action_id)
    assert api.http.delete(f"/v1/customers/{KEY}").status_code == 204
    check(api.http.post(f"/v1/customers/{KEY}/permanent-deletion"), 404, "not_found", "gone=true")
    check(api.http.get(f"/v1/customers/{KEY}/personal-data"), 404, "not_found", "gone=true")
    exported = api.get(f"/v1/customers/{KEY}/personal-data", gone="true")
    assert (exported["customer"], [row["content"]["Source_id"] for row in exported["rows"]]) == (None, [KEY])
    answer, action = erase(api, gone="true")
    assert (answer["related_object_id"], answer["data_json"]["customer"], action["done_count"]) == (KEY, 0, 1)
    assert api.get(f"/v1/customers/{KEY}/personal-data", gone="true")["rows"] == []


@pytest.mark.parametrize("key", ["id", "source_id", "email", "email in capitals"])
def test_nobody_is_taken_for_gone_while_a_customer_has_the_id_or_the_address(api: Api, key: str) -> None:
    customer = api.http.post("/v1/customers", json=CUSTOMER).json()
    name = {**customer, "email in capitals": EMAIL.upper()}[key]
    for method, path in (("POST", "permanent-deletion"), ("GET", "personal-data")):
        refused = api.http.request(method, f"/v1/customers/{name}/{path}", params={"gone": "true"})
        check(refused, 409, "conflict", f"POST /v1/customers/{customer['id']}/permanent-deletion")
        assert refused.json()["resource_id"] == customer["id"]
        if key.startswith("email"):
            unknown = api.http.request(method, f"/v1/customers/{name}/{path}")
            check(unknown, 404, "not_found", f"{customer['id']} has this e-mail address: ask by id")
            assert "gone=true" not in unknown.json()["details"]
    assert api.get(f"/v1/customers/{KEY}")["id"] == customer["id"]
    assert api.get("/v1/async-actions")["async_actions"] == []
    erase(api)
    erase(api, name, gone="true")


def test_many_customers_with_one_address_are_named_as_far_as_they_fit(api: Api) -> None:
    rows = [{"source_id": f"c{number}", "email": EMAIL} for number in range(12)]
    api.ended(started(api.http.post("/v1/customers/bulk/async", json=rows)))
    refused = api.http.post(f"/v1/customers/{EMAIL}/permanent-deletion", params={"gone": "true"})
    check(refused, 409, "conflict", " and others have this id, source_id or e-mail address")
    assert len(set(re.findall(r"cust_\w+", refused.json()["details"]))) == 10


def test_another_projects_customers_are_not_named(api: Api, other_api: Api) -> None:
    other_api.http.post("/v1/customers", json=CUSTOMER).raise_for_status()
    check(api.http.post(f"/v1/customers/{EMAIL}/permanent-deletion"), 404, "not_found", "gone=true")
    erase(api, EMAIL, gone="true")
