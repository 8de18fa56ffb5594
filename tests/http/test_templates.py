"""CSV templates: what they offer is what imports read as fields."""

import pytest

from tallykeep.catalog.templates import CSV_TEMPLATES
from tests.conformance.cases import CASES
from tests.http.test_errors import check
from tests.server import Api

IMPORTS = {
    "vouchers": ("/v1/vouchers/importCSV", "VOUCHERS.IMPORT_CSV"),
    "campaign-vouchers": ("/v1/campaigns/Fall/importCSV", "CAMPAIGN.VOUCHERS_IMPORT_CSV"),
    "customers": ("/v1/customers/importCSV", "CUSTOMERS.IMPORT_CSV"),
    "products": ("/v1/products/importCSV", "PRODUCTS.IMPORT_CSV"),
    "skus": ("/v1/skus/importCSV", "SKUS.IMPORT_CSV"),
}


@pytest.mark.parametrize("row_type", CSV_TEMPLATES)
def test_a_template_is_accepted_as_it_is_and_no_column_becomes_metadata(api: Api, row_type: str) -> None:
    path, name = IMPORTS[row_type]
    case = CASES[name]
    case.before(api, [])
    answer = api.http.get(f"/v1/templates/csv/{row_type}")
    assert answer.headers["content-type"].startswith("text/csv")
    (header,) = answer.content.decode("utf-8-sig").splitlines()
    assert answer.text == f"\ufeff{header}\n"
    empty = api.http.post(path, files={"file": answer.content})
    assert api.ended(empty.json()["async_action_id"])["total_count"] == 0
    row = {title.lower().replace("_", " "): cell for title, cell in case.body(["T1"])[0].items()}
    cells = [str(row.get(title.lower().replace("_", " "), "")) for title in header.split(",")]
    filled = api.http.post(path, files={"file": f"{header}\n{','.join(cells)}\n".encode()})
    action = api.ended(filled.json()["async_action_id"])
    assert action["result"]["failed"] == []
    (full, *_) = case.full
    assert api.get(full.get.format(key="T1"))["metadata"] == {}


def test_an_unknown_template_names_those_there_are(api: Api) -> None:
    check(api.http.get("/v1/templates/csv/planets"), 404, "not_found", "customers")
