"""Lists as files: what is downloaded can be imported again and makes the same."""

import csv
import io
from typing import Any

import pytest

from tallykeep.catalog.exports import LIST_FILES
from tallykeep.catalog.templates import CSV_TEMPLATES
from tests.conformance.cases import CASES
from tests.http.test_errors import check
from tests.server import Api, Server, new_project

IMPORTS = {
    "vouchers": "VOUCHERS.IMPORT_CSV",
    "customers": "CUSTOMERS.IMPORT_CSV",
    "products": "PRODUCTS.IMPORT_CSV",
}
_OWN = ("id", "created_at", "updated_at")


def download(api: Api, row_type: str, **query: str) -> str:
    answer = api.http.get(f"/v1/lists/csv/{row_type}", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == f'attachment; filename="{row_type}.csv"'
    assert answer.text.startswith("\ufeff")
    return answer.text


def rows(content: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.removeprefix("\ufeff"))))


@pytest.mark.parametrize("row_type", LIST_FILES)
def test_an_empty_list_is_the_template(api: Api, row_type: str) -> None:
    assert download(api, row_type) == "\ufeff" + ",".join(CSV_TEMPLATES[row_type]) + "\n"


@pytest.mark.parametrize("row_type", LIST_FILES)
def test_a_downloaded_file_makes_the_same_elsewhere(
    api: Api, server: Server, served_database: str, row_type: str
) -> None:
    case = CASES[IMPORTS[row_type]]
    case.before(api, [])
    body = [{title: str(cell) for title, cell in row.items()} for row in case.body(["T1", "T2"])]
    text = io.StringIO()
    writer = csv.DictWriter(text, [*body[0], "Colour", "-x"])
    writer.writeheader()
    writer.writerows([{**row, "Colour": '=1+1, "red"', "-x": "+49"} for row in body])
    path = f"/v1/{row_type}/importCSV"
    assert _imported(api, path, text.getvalue()) == 2
    content = download(api, row_type)
    assert [row["Colour"] for row in rows(content)] == ['=1+1, "red"'] * 2
    other = Api(server.url, new_project(served_database))
    assert _imported(other, path, content) == 2
    assert _resources(other, row_type) == _resources(api, row_type)
    assert download(other, row_type) == content


def _imported(api: Api, path: str, content: str) -> int:
    answer = api.http.post(path, files={"file": content.encode()})
    action = api.ended(answer.json()["async_action_id"])
    assert action["result"]["failed"] == []
    return int(action["done_count"])


def _resources(api: Api, row_type: str) -> list[dict[str, Any]]:
    resources = api.get(f"/v1/{row_type}", limit=100)[row_type]
    return sorted(({name: one[name] for name in one if name not in _OWN} for one in resources), key=str)


def test_vouchers_of_every_worth_come_back(api: Api, server: Server, served_database: str) -> None:
    discounts = [
        {"type": "AMOUNT", "amount_off": 1405, "effect": "APPLY_TO_ITEMS"},
        {"type": "FIXED", "fixed_amount": 100},
        {"type": "PERCENT", "percent_off": 12.5},
    ]
    bodies: list[dict[str, Any]] = [{"type": "DISCOUNT_VOUCHER", "discount": discount} for discount in discounts]
    bodies += [{"type": "GIFT_VOUCHER", "gift": {"amount": 5}}, {"type": "LOYALTY_CARD", "loyalty_card": {"points": 7}}]
    for number, body in enumerate(bodies):
        extra = {"active": False, "redemption": {"quantity": number + 1}, "metadata": {"n": number}}
        assert api.http.post(f"/v1/vouchers/V{number}", json={**body, **extra}).status_code == 200
    content = download(api, "vouchers")
    assert [row["Value"] for row in rows(content)] == ["14.05", "1", "12.5", "0.05", "7"]
    other = Api(server.url, new_project(served_database))
    _imported(other, "/v1/vouchers/importCSV", content)
    worth = ("code", "type", "discount", "gift", "loyalty_card", "active", "redemption")
    shown = [[{name: one[name] for name in worth} for one in _resources(each, "vouchers")] for each in (api, other)]
    assert shown[0] == shown[1]


def test_a_file_holds_what_the_filters_find_over_many_parts(api: Api) -> None:
    lines = "".join(f"V{number:04},GIFT_VOUCHER,1,{'x' if number == 2300 else ''}\n" for number in range(2301))
    _imported(api, "/v1/vouchers/importCSV", f"Code,Voucher Type,Value,Late\n{lines}")
    content = download(api, "vouchers")
    assert [row["Code"] for row in rows(content)] == [f"V{number:04}" for number in range(2301)]
    assert rows(content)[-1]["Late"] == "x"
    narrowed = download(api, "vouchers", **{"filters[code][conditions][$starts_with]": "V001"})
    assert len(rows(narrowed)) == 10
    assert "Late" not in narrowed
    api.http.post("/v1/campaigns", json={"name": "Fall", "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 100}}})
    api.http.post("/v1/campaigns/Fall/vouchers/MINE")
    assert [row["Code"] for row in rows(download(api, "vouchers", campaign="Fall"))] == ["MINE"]


def test_what_cannot_be_a_file_is_refused(api: Api) -> None:
    check(api.http.get("/v1/lists/csv/planets"), 404, "not_found", "customers")
    check(api.http.get("/v1/lists/csv/vouchers?order=code"), 400, "invalid_query_params", "the oldest first")
    check(api.http.get("/v1/lists/csv/vouchers?filters[x][conditions][$is]=1"), 400, "invalid_query_params", "no field")
    for part in range(2):
        metadata = {f"key {part} {number}": 1 for number in range(600)}
        assert api.http.post("/v1/customers", json={"source_id": str(part), "metadata": metadata}).status_code == 200
    answer = api.http.get("/v1/lists/csv/customers")
    assert answer.status_code == 409
    assert "too many for the columns" in answer.text
