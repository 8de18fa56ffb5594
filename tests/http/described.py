"""What /openapi.json says of a call, and the calls to endpoints that are ours alone."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from openapi_schema_validator import OAS31Validator

import tallykeep.api.schemas
from tallykeep.api.app import create_api
from tallykeep.catalog.action_types import ACTION_TYPES
from tests.http.calls import MADE, PROJECTS, WEBHOOK, Answered

EXAMPLES = Path(tallykeep.api.schemas.__file__).parent / "examples.json"
JSON = "application/json"
URLENCODED = "application/x-www-form-urlencoded"

_PREVIEWED = "Code,Voucher Type,Value,Note\nP1,GIFT_VOUCHER,1.5,x\nP2,GIFT_VOUCHER,much,y\n,,,\n"
_LANG = {"related_object": "voucher", "properties": {"lang": {"type": "string", "max_length": 2}}}

# Our own endpoints, with what the calls before them left behind.
OUR_CALLS: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/v1/vouchers/import", [{"code": "MORE"}, {"code": "BAD", "active": "x"}, 5]),
    ("GET", "/v1/async-actions/{async_action}/failures", None),
    ("GET", "/v1/async-actions/{async_action}/failures?group_by=reason", None),
    ("GET", "/v1/async-actions/{async_action}/batches?with_action=true", None),
    ("POST", "/v1/async-actions/{async_action}/retry", None),
    ("POST", "/v1/async-actions/retry", None),
    ("POST", "/v1/async-actions/cancel?dry_run=true", None),
    ("POST", "/v1/vouchers/importCSV", "Code,Voucher Type,Value\nC3,GIFT_VOUCHER,much\n"),
    ("GET", "/v1/async-actions/{async_action}/failures?source_rows=true", None),
    ("GET", "/v1/throughput?minutes=2", None),
    ("GET", "/v1/imports", None),
    ("GET", "/v1/catalog", None),
    ("POST", "/v1/imports/preview", _PREVIEWED),
    ("POST", "/v1/imports/preview?row_type=orders", [{"source_id": "o9", "status": "LOST"}]),
    ("POST", "/management/v1/projects/{project}/metadata-schemas", _LANG),
    ("DELETE", "/v1/metadata-schemas/voucher/definitions/lang", None),
    ("POST", "/v1/metadata-schemas/voucher/definitions/lang/restore", None),
    ("GET", "/v1/metadata-schemas/voucher/definitions/lang/usage", None),
    ("GET", "/v1/metadata-schemas/voucher/usage", None),
    ("POST", "/v1/categories", {"name": "New", "hierarchy": 1}),
    ("GET", "/v1/vouchers?limit=20", None),
    ("GET", "/v1/vouchers/IMPORTED", None),
    ("GET", "/v1/campaigns/Coupons", None),
    ("GET", "/v1/keys", None),
    ("GET", "/v1/keys/current", None),
    ("POST", "/v1/keys", {"name": "Nightly import", "kind": "app", "role": "operator", "addresses": ["192.0.2.0/24"]}),
    ("PUT", "/v1/keys/{key}", {"scopes": ["vouchers.read", "vouchers.write"], "expires_at": "2099-01-31T00:00:00Z"}),
    ("POST", "/v1/keys/{key}/rotate", {"overlap_seconds": 60}),
    ("POST", "/management/v1/projects/{project}/webhooks", {**WEBHOOK, "active": False}),
    ("POST", "/management/v1/projects/{project}/webhooks/{webhook}/secret", None),
    ("POST", "/management/v1/projects/{project}/webhooks/{webhook}/test", None),
    ("GET", "/management/v1/projects/{project}/webhooks/{webhook}/deliveries", None),
    ("POST", "/management/v1/projects/{project}/webhooks/{webhook}/deliveries/{webhook_delivery}/resend", None),
    ("POST", PROJECTS, {"name": "Outlet"}),
    ("GET", f"{MADE}/usage", None),
    ("GET", f"{MADE}/audit-log", None),
    ("DELETE", MADE, None),
    ("GET", f"{MADE}/deletion", None),
    ("GET", "/v1/audit-log", None),
    ("GET", "/v1/audit-log/{entry}", None),
    ("GET", "/livez", None),
    ("GET", "/readyz", None),
    ("GET", "/v1/status", None),
)  # fmt: skip


@cache
def document() -> dict[str, Any]:
    """The document as code that has not started makes it."""
    return create_api(ACTION_TYPES, lambda: None).openapi()  # type: ignore[arg-type, return-value]


def template(method: str, path: str) -> str:
    """The path of the document that a request reached; fixed steps go before parameters."""
    for known in sorted(document()["paths"], key=lambda one: one.count("{")):
        pattern = re.sub(r"\\\{.*?\\\}", "[^/]+", re.escape(known))
        if re.fullmatch(pattern, path) and method.lower() in document()["paths"][known]:
            return str(known)
    raise LookupError(f"{method} {path} is not in the document")


def _operation(one: Answered) -> dict[str, Any]:
    return dict(document()["paths"][template(one.method, one.path)][one.method.lower()])


def declared_answer(one: Answered) -> dict[str, Any] | None:
    """The schema of the answer that a call got."""
    status = str(one.status) if one.status < 400 else f"{one.status // 100}XX"
    answer = _operation(one)["responses"].get(status, {})
    schema: dict[str, Any] | None = answer.get("content", {}).get(JSON, {}).get("schema")
    return schema


def declared_body(one: Answered) -> dict[str, Any] | None:
    """The schema of the JSON that a call may send."""
    content = _operation(one).get("requestBody", {}).get("content", {})
    schema: dict[str, Any] | None = (content.get(JSON) or content.get(URLENCODED) or {}).get("schema")
    return schema


def type_named(name: str) -> dict[str, Any]:
    """The schema of a type by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def problems(schema: dict[str, Any], value: Any) -> list[str]:
    """What is wrong with a value by this schema, which allows no property that it does not name."""
    validator = _validator(json.dumps(schema.get("anyOf", [schema])))
    return [f"{error.json_path}: {error.message[:300]}" for error in _deepest(validator.iter_errors(value))]


@cache
def _validator(reference: str) -> OAS31Validator:
    return OAS31Validator({"anyOf": json.loads(reference), "components": _strict(document()["components"])})


def _strict(part: Any) -> Any:
    if isinstance(part, dict):
        closed = {"additionalProperties": False} if "properties" in part and "additionalProperties" not in part else {}
        return {**{name: _strict(inner) for name, inner in part.items()}, **closed}
    return list(map(_strict, part)) if isinstance(part, list) else part


def _deepest(errors: Any) -> Iterator[Any]:
    for error in errors:
        yield from _deepest(error.context) if error.context else [error]
