"""The table against the peer's own description, where that lies beside the checkout: no field is missing in it."""

import csv
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tallykeep.catalog.action_types import COMPATIBILITY
from tallykeep.catalog.templates import CSV_TEMPLATES
from tallykeep.core.compatibility import Compatibility
from tallykeep.formats.csv.titles import normal_title
from tests.conformance.case import Full, NotFor
from tests.conformance.cases import CASES

REFERENCE = Path(__file__).parents[3] / "shared" / "reference"
METHODS = {"CAMPAIGN.VOUCHERS_UPDATE": "put", "CAMPAIGN.VOUCHERS_DELETE": "delete"}
WITH_FIELDS = [
    name
    for name, case in CASES.items()
    if not isinstance(case.full, NotFor) and not COMPATIBILITY.get(name, Compatibility()).ours
]
REFERENCE_TEMPLATES = {
    "import-customers-template.csv": "CUSTOMERS.IMPORT_CSV",
    "import-discount-coupons-into-campaign-template.csv": "CAMPAIGN.VOUCHERS_IMPORT_CSV",
    "import-generic-coupons-template.csv": "VOUCHERS.IMPORT_CSV",
    "import-generic-gift-cards-template.csv": "VOUCHERS.IMPORT_CSV",
    "import-gift-cards-into-campaign-template.csv": "CAMPAIGN.VOUCHERS_IMPORT_CSV",
    "import-loyalty-cards-into-campaign-template.csv": "CAMPAIGN.VOUCHERS_IMPORT_CSV",
    "import-products-template.csv": "PRODUCTS.IMPORT_CSV",
    "import-referral-codes-template.csv": "CAMPAIGN.VOUCHERS_IMPORT_CSV",
    "import-skus-template.csv": "SKUS.IMPORT_CSV",
}
OUR_TEMPLATES = {
    "vouchers": "VOUCHERS.IMPORT_CSV",
    "campaign-vouchers": "CAMPAIGN.VOUCHERS_IMPORT_CSV",
    "customers": "CUSTOMERS.IMPORT_CSV",
    "products": "PRODUCTS.IMPORT_CSV",
    "skus": "SKUS.IMPORT_CSV",
}


@cache
def reference_api() -> dict[str, Any]:
    file = REFERENCE / "voucherify-openapi.json"
    if not file.exists():
        pytest.skip(f"the peer's OpenAPI file is not beside the checkout: {file}")
    return dict(json.loads(file.read_text()))


@pytest.mark.parametrize("name", WITH_FIELDS)
def test_full_rows_hold_every_field_that_the_reference_api_describes(name: str) -> None:
    operation = reference_api()["paths"][_reference_path(CASES[name].path)][METHODS.get(name, "post")]
    wanted = {parameter["name"] for parameter in operation.get("parameters", [])} - {"vouchers_count"}
    for content in operation.get("requestBody", {"content": {}})["content"].values():
        wanted |= set(_described(content["schema"]))
    assert wanted, "nothing is described"
    # A form's file is described in words alone: its columns are held to the templates below.
    assert sorted(field for field in wanted - {"file"} if not _is_covered(name, field)) == []


@pytest.mark.parametrize(("file", "name"), REFERENCE_TEMPLATES.items(), ids=list(REFERENCE_TEMPLATES))
def test_full_rows_hold_every_column_of_the_reference_apis_templates(file: str, name: str) -> None:
    reference_api()
    with (REFERENCE / "csv-templates" / file).open(newline="") as template:
        assert _without_column(next(csv.reader(template)), name) == []


@pytest.mark.parametrize(("action_type", "name"), OUR_TEMPLATES.items(), ids=list(OUR_TEMPLATES))
def test_full_rows_hold_every_column_of_our_templates(action_type: str, name: str) -> None:
    assert OUR_TEMPLATES.keys() == CSV_TEMPLATES.keys()
    assert _without_column(CSV_TEMPLATES[action_type], name) == []


def test_golden_results_have_the_shape_of_the_captured_examples() -> None:
    captured = {action["type"]: action["result"] for action in _captured_actions()}
    assert captured.keys() - CASES.keys() == set()
    assert len(captured) >= 20
    for name, result in captured.items():
        ours = CASES[name].golden.result
        assert ours is not None
        assert result.keys() - {"reports", "reports_available_till"} == ours.keys(), name
        for theirs, failure in zip(result.get("failed", []), ours.get("failed", []), strict=False):
            assert theirs.keys() <= failure.keys(), name
        if "message" in result:
            assert _without_numbers(result["message"]) == _without_numbers(ours["message"]), name


def _reference_path(path: str) -> str:
    return path.replace("{target}", "{campaignId}")


def _is_covered(name: str, field: str) -> bool:
    covered = {path for full in _fulls(name) for row in full.rows for path in _field_paths(row)}
    exempt = {path for full in _fulls(name) for path in (*full.refuses, *full.ignores)}
    return field in covered or any(field == path or field.startswith(f"{path}.") for path in exempt)


def _without_column(titles: Any, name: str) -> list[str]:
    known = {normal_title(field) for full in _fulls(name) for row in full.rows for field in row}
    known |= {normal_title(field) for full in _fulls(name) for field in full.ignores}
    return [title for title in titles if normal_title(title) not in known]


def _fulls(name: str) -> tuple[Full, ...]:
    full = CASES[name].full
    assert not isinstance(full, NotFor)
    return full


def _field_paths(row: dict[str, Any]) -> Iterator[str]:
    for name, case in row.items():
        yield name
        yield from (f"{name}.{inner}" for inner in _inside(case.value))


def _inside(value: Any) -> Iterator[str]:
    for inner in value if isinstance(value, list) else ():
        yield from _inside(inner)
    for name, inner in value.items() if isinstance(value, dict) else ():
        yield name
        yield from (f"{name}.{deeper}" for deeper in _inside(inner))


def _described(schema: dict[str, Any], seen: tuple[str, ...] = ()) -> Iterator[str]:
    """Every property of a schema, inner ones behind points; metadata is anybody's own."""
    if reference := schema.get("$ref"):
        if reference not in seen:
            yield from _described(
                reference_api()["components"]["schemas"][reference.rpartition("/")[2]], (*seen, reference)
            )
        return
    for part in (*schema.get("allOf", []), *schema.get("oneOf", []), *schema.get("anyOf", [])):
        yield from _described(part, seen)
    if "items" in schema:
        yield from _described(schema["items"], seen)
    for name, inner in schema.get("properties", {}).items():
        yield name
        if name != "metadata":
            yield from (f"{name}.{deeper}" for deeper in _described(inner, seen))


def _captured_actions() -> list[dict[str, Any]]:
    responses = reference_api()["paths"]["/v1/async-actions/{asyncActionId}"]["get"]["responses"]
    return [example["value"] for example in responses["200"]["content"]["application/json"]["examples"].values()]


def _without_numbers(message: str) -> str:
    return re.sub(r"\d+", "N", message)
