"""The OpenAPI document: what routes declare of their bodies and answers, and what is true of all of them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Union

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from tallykeep.api.schemas.values import Error
from tallykeep.tenants.permissions import Permission

_JSON = "application/json"
_EVENTS = "text/event-stream"
_REFERENCE = "#/components/schemas/"
_APP_KEYS: dict[str, list[str]] = {"X-App-Id": [], "X-App-Token": []}
_MANAGEMENT_KEYS: dict[str, list[str]] = {"X-Management-Id": [], "X-Management-Token": []}
_EXAMPLES = Path(__file__).parent / "schemas" / "examples.json"


_NUMBER = {"schema": {"type": "integer"}}
_TEXT = {"schema": {"type": "string"}}
_LIMIT_HEADERS: dict[str, Any] = {
    "Retry-After": {"description": "After how many seconds to send it again, where that is known.", **_NUMBER},
    "X-Rate-Limit-Limit": {"description": "Requests a minute; on every answer where they are limited.", **_NUMBER},
    "X-Rate-Limit-Remaining": {"description": "How many of them are left.", **_NUMBER},
    "X-Rate-Limit-Retry": {"description": "In how many seconds the count begins anew.", **_NUMBER},
    "X-Rate-Limit-Type": {"description": "`bulk_api_calls` for what starts an action, else `api_calls`.", **_TEXT},
    "RateLimit-Policy": {"description": "All limits, as draft-ietf-httpapi-ratelimit-headers-10 has it.", **_TEXT},
    "RateLimit": {"description": "What is left of them, and for how many seconds.", **_TEXT},
}


class Schema(dict[str, Any]):
    """A reference to the schema of a type, which the document makes only when somebody asks for it."""

    def __init__(self, of: type, **said: str) -> None:
        super().__init__({"$ref": _REFERENCE + of.__name__, **said})
        self.of = of


def answers(*types: type, code: int = 200, more: dict[int, type] | None = None) -> dict[str, Any]:
    """Declare an operation's answer, for `openapi_extra`: JSON of this type, or of one of these.

    `more` are other successes.
    """
    schema = Schema(types[0]) if len(types) == 1 else {"anyOf": list(map(Schema, types))}
    schemas = {code: schema, **{other: Schema(of) for other, of in (more or {}).items()}}
    return {"responses": {str(one): _success({_JSON: {"schema": schema}}) for one, schema in schemas.items()}}


def answers_file(*media_types: str) -> dict[str, Any]:
    """Declare an operation's answer, for `openapi_extra`: a file of this type, or of one of these."""
    schemas = {name: {"type": "array" if name == _JSON else "string"} for name in media_types}
    return {"responses": {"200": _success({name: {"schema": schema} for name, schema in schemas.items()})}}


def _success(content: dict[str, Any]) -> dict[str, Any]:
    return {"description": "Successful Response", "content": content}


def errs(of: type) -> dict[str, Any]:
    """Declare the type of an operation's errors, for `responses` in `openapi_extra`, where it is not every one's."""
    wrong = {"description": "What is wrong, where, and what to do", "content": {_JSON: {"schema": Schema(of)}}}
    return {"4XX": wrong, "5XX": wrong}


def takes(of: type, *, required: bool = True, media_type: str = _JSON) -> dict[str, Any]:
    """Declare an operation's body, for `openapi_extra`: JSON, or a form, of this type."""
    return {"requestBody": {"required": required, "content": {media_type: {"schema": Schema(of)}}}}


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """Return the document, made once."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        components = document.setdefault("components", {})
        components.setdefault("schemas", {}).update(_component_schemas(app))
        components["securitySchemes"] = _security_schemes()
        examples = json.loads(_EXAMPLES.read_text())
        for path in document["paths"].values():
            for operation in path.values():
                _correct(operation)
                _add_examples(operation, examples)
        app.openapi_schema = document
    return app.openapi_schema


def _component_schemas(app: FastAPI) -> dict[str, Any]:
    """Return the schemas of all types that routes declare, and of those within them, by name."""
    routes = [route for router in app.state.routers for route in router.routes]
    declared = {schema.of for route in routes for schema in _schemas_in(route.openapi_extra)}
    together: Any = Union[*sorted({*declared, Error}, key=lambda of: of.__name__)]
    made = TypeAdapter(together).json_schema(ref_template=_REFERENCE + "{model}", mode="serialization")
    return dict(sorted(made["$defs"].items()))


def _schemas_in(part: Any) -> Iterator[Schema]:
    if isinstance(part, Schema):
        yield part
    elif isinstance(part, dict | list):
        for inner in part.values() if isinstance(part, dict) else part:
            yield from _schemas_in(inner)


def _security_schemes() -> dict[str, Any]:
    """Return the ways to say who asks: pairs of keys, and tokens of OAuth, whose scopes are the permissions."""
    headers = {name: {"type": "apiKey", "in": "header", "name": name} for name in (*_APP_KEYS, *_MANAGEMENT_KEYS)}
    scopes = {permission.value: permission.meaning for permission in Permission}
    flows = {"clientCredentials": {"tokenUrl": "/v2/oauth/token", "scopes": scopes}}
    return {**headers, "OAuth2": {"type": "oauth2", "flows": flows}, "ServiceKey": {"type": "http", "scheme": "basic"}}


def _security(operation: dict[str, Any]) -> list[dict[str, list[str]]]:
    """Return in which ways a request may say who asks, by what the route declares."""
    if "x-any-key" in operation:
        return [_MANAGEMENT_KEYS, _APP_KEYS] if "x-management-keys" in operation else [_APP_KEYS]
    if (permission := operation.get("x-required-permission")) is None:
        return []
    management = operation.get("x-management-keys")
    if management == "only":
        return [_MANAGEMENT_KEYS]
    ways = [_APP_KEYS, {"OAuth2": [str(permission)]}]
    return [_MANAGEMENT_KEYS, *ways] if management else ways


def _correct(operation: dict[str, Any]) -> None:
    """Say who may ask, and that errors have one shape where the route declares no other."""
    operation.setdefault("security", _security(operation))
    operation["responses"].pop("422", None)
    for content in operation["responses"].values():
        if _EVENTS in content.get("content", {}):
            # Tools differ in what they hold to it: each event, or the whole text.
            content["content"][_EVENTS] = {"schema": {"description": "Server-sent events."}}
        schema = content.get("content", {}).get(_JSON, {}).get("schema", {})
        if "$ref" in schema or "anyOf" in schema:
            schema.pop("type", None)  # which stands for what a route does not declare in FastAPI's own way
    for codes, wrong in errs(Error).items():
        operation["responses"].setdefault(codes, wrong)
    if operation["security"]:
        too_many = {"description": "Too much is asked for, or too many wrong keys or tokens have come"}
        operation["responses"]["429"] = operation["responses"]["4XX"] | too_many | {"headers": _LIMIT_HEADERS}


def _add_examples(operation: dict[str, Any], examples: dict[str, Any]) -> None:
    """Put examples to the bodies and answers of types that have some."""
    for content in (operation.get("requestBody", {}), *operation["responses"].values()):
        media = content.get("content", {}).get(_JSON, {})
        if own_examples := _examples_of(media.get("schema", {}), examples):
            media["examples"] = own_examples


def _examples_of(schema: dict[str, Any], examples: dict[str, Any]) -> dict[str, Any]:
    rows = schema.get("items", {})
    if rows.get("$ref", "").removeprefix(_REFERENCE) in examples:
        name = rows["$ref"].removeprefix(_REFERENCE)
        return {name: {"value": [examples[name]]}}
    names = [part["$ref"].removeprefix(_REFERENCE) for part in schema.get("anyOf", [schema]) if "$ref" in part]
    return {name: {"value": examples[name]} for name in names if name in examples}
