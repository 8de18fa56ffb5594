"""The peer's OpenAPI file, where one lies beside the checkout: holds every answer of ours to its schemas."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

import httpx
from jsonschema import ValidationError
from openapi_schema_validator import OAS30Validator, oas30_format_checker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from tests.reference_api_tolerated import OTHER_STATUSES, TOLERATED, Tolerated

FILE = Path(__file__).parents[2] / "shared" / "reference" / "voucherify-openapi.json"
MISSING = f"the peer's OpenAPI file is not beside the checkout ({FILE})"

Schema = dict[str, Any]
Endpoint = tuple[str, str]  # method and path, the path's parameters as {}


def endpoint(method: str, path: str) -> Endpoint:
    """A method and the template of a path, whatever its parameters are called."""
    return method.upper(), re.sub(r"\{[^}]*\}", "{}", path)


class OffTheWireError(Exception):
    """An answer is not as the peer's file says. No AssertionError: tests that wait retry those."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """One place where an answer is not what the peer's file says: whose answer, where in it, and what is wrong."""

    answer: str
    path: str
    error: ValidationError

    def __str__(self) -> str:
        return f"{self.answer}: {self.path or 'the body'}: {self.error.message[:300]}"

    def is_covered_by(self, tolerated: Tolerated) -> bool:
        return tolerated.covers(self.answer, self.path, self.error)

    @property
    def is_tolerated(self) -> bool:
        return any(map(self.is_covered_by, TOLERATED))


@dataclass(frozen=True, eq=False)
class ReferenceApi:
    """The file, read."""

    document: dict[str, Any]
    _validators: dict[tuple[Endpoint, str, str], OAS30Validator] = field(default_factory=dict)

    @cached_property
    def operations(self) -> dict[Endpoint, dict[str, Any]]:
        """Every operation; the path's parameters are put to the operation's own."""
        return {
            endpoint(method, path): operation | {"parameters": self._parameters(item, operation), "path": path}
            for path, item in self.document["paths"].items()
            for method, operation in item.items()
            if method in ("get", "post", "put", "delete", "patch")
        }

    def find(self, method: str, path: str) -> Endpoint | None:
        """The endpoint that a request reached; fixed steps of a path go before parameters."""
        return next((of for of, pattern in self._patterns if of[0] == method and pattern.fullmatch(path)), None)

    @cached_property
    def _patterns(self) -> list[tuple[Endpoint, re.Pattern[str]]]:
        endpoints = sorted(self.operations, key=lambda one: one[1].count("{}"))
        return [(of, re.compile(re.escape(of[1]).replace(r"\{\}", "[^/]+"))) for of in endpoints]

    def query_parameters(self, of: Endpoint) -> set[str]:
        """The names as they stand in a URL: a span of time is two, as in created_at[before]."""
        names = {one["name"] for one in self.operations[of]["parameters"] if one["in"] == "query"}
        spans = {name for name in names if name.endswith("_at")}
        return names - spans | {f"{name}[{side}]" for name in spans for side in ("before", "after")}

    def schema(self, of: Endpoint, status: str) -> Schema | None:
        """What the body of this answer has to be; None where the peer describes none."""
        if int(status) >= 400:
            return {"$ref": "#/components/schemas/Error"}
        content = self.operations[of]["responses"].get(status, {}).get("content", {})
        declared: Schema | None = content.get("application/json", {}).get("schema")
        return declared

    def examples(self, of: Endpoint, status: str) -> list[Any]:
        content = self.operations[of]["responses"][status].get("content", {}).get("application/json", {})
        return [self.resolved(example)["value"] for example in content.get("examples", {}).values()]

    def contradictions(self, of: Endpoint, status: str, body: Any) -> list[Contradiction]:
        """Every place where this body is not what the file says, the tolerated ones too."""
        action_type = body.get("type") if of == ("GET", "/v1/async-actions/{}") and status == "200" else ""
        validator = self._validator(of, status, action_type)
        return [Contradiction(" ".join(of), _path(error), error) for error in _leaves(validator.iter_errors(body))]

    def fields(self, of: Endpoint, status: str) -> set[str]:
        """The fields that the file names of the resources in an answer, those of a list's entries in a list."""
        parts = list(self._alternatives(self.schema(of, status) or {}))
        names = {name: schema for part in parts for name, schema in part.get("properties", {}).items()}
        if "data_ref" not in names:
            return set(names)
        lists = [part for schema in names.values() for part in self._alternatives(schema) if "items" in part]
        entries = [part for one in lists for part in self._alternatives(one["items"])]
        return {name for part in entries for name in part.get("properties", {})}

    def unknown_fields(self, of: Endpoint, status: str, body: Any) -> set[str]:
        """The fields of a body that the file does not name, as dotted places."""
        schema = self.schema(of, status)
        return set() if schema is None else set(self._unknown(schema, body, ""))

    def resolved(self, part: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in part:
            target = self.document
            for step in part["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            part = target
        return part

    def _parameters(self, item: dict[str, Any], operation: dict[str, Any]) -> list[dict[str, Any]]:
        return [self.resolved(one) for one in (*item.get("parameters", []), *operation.get("parameters", []))]

    def _validator(self, of: Endpoint, status: str, action_type: str) -> OAS30Validator:
        key = (of, status, action_type)
        if key not in self._validators:
            schema: Any = self.schema(of, status)
            assert schema is not None, f"the peer's file describes no answer {status} of {' '.join(of)}"
            if action_type:
                schema = self._schema_of_action(action_type)
            complete = {**self.document, **schema}
            registry: Registry[Any] = Registry().with_resource("", Resource.from_contents(complete, DRAFT4))
            self._validators[key] = OAS30Validator(complete, registry=registry, format_checker=oas30_format_checker)
        return self._validators[key]

    def _schema_of_action(self, action_type: str) -> Schema:
        """An action's schema with the result of its own type, instead of any one that may fit."""
        base, with_result = self.document["components"]["schemas"]["AsyncAction"]["allOf"]
        wanted = _letters(action_type)
        options = [one for one in with_result["properties"]["result"]["oneOf"] if wanted in self._names(one)]
        if not options:
            return {"allOf": [base]}  # a type that the file does not know
        own = min(options, key=lambda one: len(one["$ref"]))
        return {"allOf": [base, {"required": ["result"], "properties": {"result": own}}]}

    def _names(self, reference: Schema) -> str:
        return _letters(reference["$ref"] + self.resolved(reference).get("title", ""))

    def _unknown(self, schema: Schema, value: Any, path: str) -> Iterator[str]:
        if isinstance(value, list):
            inner = [one["items"] for one in self._alternatives(schema) if "items" in one]
            for item in value if inner else []:
                yield from self._unknown({"allOf": inner}, item, f"{path}[]")
        elif isinstance(value, dict):
            parts = list(self._alternatives(schema))
            if not any("properties" in part for part in parts) or any("additionalProperties" in part for part in parts):
                return  # an object of any keys, such as metadata
            for name, member in value.items():
                named = [part["properties"][name] for part in parts if name in part.get("properties", {})]
                where = f"{path}.{name}".removeprefix(".")
                if named:
                    yield from self._unknown({"allOf": named}, member, where)
                else:
                    yield where

    def _alternatives(self, schema: Schema) -> Iterator[Schema]:
        """The schema and all that it is put together of."""
        schema = self.resolved(schema)
        yield schema
        for keyword in ("allOf", "oneOf", "anyOf"):
            for part in schema.get(keyword, ()):
                yield from self._alternatives(part)


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())


def _path(error: ValidationError) -> str:
    steps = ("[]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
    return "".join(steps).removeprefix(".")


def _leaves(errors: Iterable[ValidationError]) -> Iterator[ValidationError]:
    """The errors, each place with what is wrong there once; null where it may not be is one error, not three."""
    seen: set[tuple[str, str]] = set()
    for error in errors:
        problem = "null" if error.instance is None else error.message
        if (_path(error), problem) not in seen:
            seen.add((_path(error), problem))
            yield error


@cache
def read_reference_api() -> ReferenceApi | None:
    """The peer's file, or None where there is none beside the checkout."""
    return ReferenceApi(json.loads(FILE.read_text())) if FILE.exists() else None


def hold_to_reference_api(answer: httpx.Response) -> None:
    """An httpx hook: fail the test whose request got an answer that the peer's file does not allow."""
    reference_api = read_reference_api()
    if reference_api is None:
        return
    endpoint = reference_api.find(answer.request.method, answer.request.url.path)
    if endpoint is None or not answer.headers.get("content-type", "").startswith("application/json"):
        return
    if answer.status_code == 413:
        return  # the peer's has a shape of its own, {statusCode, error, message}, which its file does not hold
    answer.read()
    if OTHER_STATUSES.get(endpoint) == str(answer.status_code):
        return
    if wrong := _wrong(reference_api, endpoint, str(answer.status_code), answer.content):
        raise OffTheWireError(wrong)


@lru_cache(maxsize=256)  # who waits for something is answered the same again and again
def _wrong(reference_api: ReferenceApi, of: Endpoint, status: str, body: bytes) -> str:
    """What is wrong with an answer, and not tolerated."""
    contradictions = reference_api.contradictions(of, status, json.loads(body))
    return "; ".join(str(one) for one in contradictions if not one.is_tolerated)
