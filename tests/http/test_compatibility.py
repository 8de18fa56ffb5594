"""What the routes declare of refused and kept fields is what the server does."""

from typing import Any

import pytest
from docs.write import operations

from tests.http.test_errors import check
from tests.server import Api

VOUCHER = {"type": "GIFT_VOUCHER", "gift": {"amount": 1}}
BODIES = {"voucher": VOUCHER, "campaign": {"name": "Autumn", "voucher": VOUCHER}}
SAMPLES: dict[str, Any] = {
    "validity_timeframe": {"interval": "P2D", "duration": "PT1H"},
    "validity_day_of_week": [1, 2],
    "validity_hours": {"daily": [{"start_time": "10:00", "expiration_time": "12:00", "days_of_week": [1]}]},
    "validation_rules": ["val_1"],
    "description": "x",
    "category": "New",
    "activity_duration_after_publishing": "P24D",
    **dict.fromkeys(("auto_join", "join_once", "use_voucher_metadata_schema"), True),
}


def _declared(name: str) -> list[tuple[str, str]]:
    """Each endpoint with a JSON body that declares fields under this name, with each of the fields; those of projects,
    which take other keys, are in test_projects.py.
    """
    samples = [
        (endpoint, field)
        for endpoint, operation in operations().items()
        if "/management/" not in endpoint
        if "$ref" in operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        for field in operation.get("x-compatibility", {}).get(name, ())
    ]
    assert samples, f"nothing is declared as {name}"
    return samples


def _answer_to(api: Api, endpoint: str, field: str, value: Any) -> Any:
    method, path = endpoint.split(" ")
    noun = "campaign" if "campaigns" in path else "voucher"
    if method == "PUT":
        made = api.http.post("/v1/campaigns" if noun == "campaign" else "/v1/vouchers/V", json=BODIES[noun])
        assert made.status_code == 200, made.text
    return api.http.request(method, path.format(code="V", campaign_id="Autumn"), json={**BODIES[noun], field: value})


@pytest.mark.parametrize(("endpoint", "field"), _declared("refused"))
def test_fields_that_are_refused_are_named(api: Api, endpoint: str, field: str) -> None:
    key = "invalid_campaign_params" if "campaigns" in endpoint else "invalid_voucher"
    check(_answer_to(api, endpoint, field, {"x": 1}), 400, key, f"{field}: not supported by this version")


@pytest.mark.parametrize(("endpoint", "field"), _declared("kept"))
def test_fields_that_are_kept_are_shown(api: Api, endpoint: str, field: str) -> None:
    answer = _answer_to(api, endpoint, field, SAMPLES[field])
    assert answer.status_code == 200, answer.text
    assert answer.json()[field] == SAMPLES[field]


def test_the_document_tells_what_submissions_and_retries_take_and_answer(api: Api) -> None:
    paths = api.get("/openapi.json")["paths"]
    for path in ("/v1/customers/importCSV", "/v1/orders/import", "/v1/async-actions/{action_id}/retry"):
        operation = paths[path]["post"]
        (answer,) = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        schema = answer["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/AcceptedAction"}
    assert {"multipart/form-data", "text/csv", "application/json"} <= operation["requestBody"]["content"].keys()
    schema = paths["/v1/vouchers"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/VoucherList"}
