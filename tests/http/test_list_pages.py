"""Pages of lists: none repeats or skips a resource, and each is bounded."""

from typing import Any

import pytest

from tallykeep.resources.vouchers.list_spec import VOUCHERS
from tests.server import Api


def test_pages_neither_repeat_nor_skip_any(api: Api) -> None:
    api.ended(api.import_json([{"code": f"V{n:03}", "gift": {"amount": n}} for n in range(250)]))
    codes = [f"V{n:03}" for n in range(250)]
    rows = [{"code": code, "metadata": {"a": 1}} for code in codes[::2]]
    action = api.http.post("/v1/vouchers/bulk/async", json=rows).json()["async_action_id"]
    assert api.ended(action)["done_count"] == 125
    for order in VOUCHERS.order_names:
        list_spec = [
            row for page in range(1, 26) for row in api.get("/v1/vouchers", order=order, page=page)["vouchers"]
        ]
        assert sorted(row["code"] for row in list_spec) == codes, order
    # Those that were never updated come first, in the order they were made in, then the others.
    oldest = [row["code"] for row in api.get("/v1/vouchers", order="updated_at", limit=100)["vouchers"]]
    assert oldest == codes[1::2][:100]


def test_customers_tell_whether_there_are_more(api: Api) -> None:
    for number in range(3):
        api.http.post("/v1/customers", json={"source_id": f"c{number}"})
    assert api.get("/v1/customers", limit=2)["has_more"] is True
    assert api.get("/v1/customers", limit=2, page=2)["has_more"] is False
    assert api.get("/v1/customers", limit=3)["has_more"] is False
    first = api.get("/v1/customers", limit=1)["customers"][0]["created_at"]
    assert api.get("/v1/customers", limit=1, starting_after=first)["has_more"] is True
    assert api.get("/v1/customers", limit=2, starting_after=first)["has_more"] is False
    assert api.get("/v1/customers", name="nobody")["has_more"] is False


@pytest.mark.parametrize(
    ("order", "stamp"),
    [({}, "created_at"), ({"order": "created_at"}, "created_at"), ({"order": "-updated_at"}, "updated_at")],
)
def test_customers_are_gone_through_by_the_moment_of_the_last(api: Api, order: dict[str, str], stamp: str) -> None:
    names = [f"c{number:03}" for number in range(120)]
    csv = "Source_id\n" + "\n".join(names)
    action = api.http.post("/v1/customers/importCSV", files={"file": ("c.csv", csv)}).json()["async_action_id"]
    assert api.ended(action)["done_count"] == 120
    same = {"source_ids": names, "metadata": {"a": 1}}
    action = api.http.post("/v1/customers/metadata/async", json=same).json()["async_action_id"]
    assert api.ended(action)["done_count"] == 120
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 50, **order}
    while page := api.get("/v1/customers", **query)["customers"]:
        seen += [customer["source_id"] for customer in page]
        query["starting_after"] = page[-1][stamp]
    assert seen == (names if order == {"order": "created_at"} else names[::-1])


def test_a_page_of_large_resources_is_bounded_and_says_what_fits(api: Api) -> None:
    note = "n" * 700_000
    for number in range(14):
        body = {"type": "GIFT_VOUCHER", "gift": {"amount": 1}, "metadata": {"note": note}}
        assert api.http.post(f"/v1/vouchers/LARGE-{number:02}", json=body).status_code == 200
    refused = api.http.get("/v1/vouchers", params={"limit": 100})
    assert (refused.status_code, refused.json()["key"]) == (400, "invalid_query_params")
    assert "ask for limit=11 or fewer" in refused.json()["details"]
    assert len(api.get("/v1/vouchers", limit=11)["vouchers"]) == 11
    assert len(api.get("/v1/vouchers", limit=10, page=2)["vouchers"]) == 4
    export = api.http.get("/v1/lists/csv/vouchers").text
    assert [line.partition(",")[0] for line in export.splitlines()[1:]] == [
        f"LARGE-{number:02}" for number in range(14)
    ]
