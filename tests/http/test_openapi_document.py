"""/openapi.json: it describes every body and every answer, and the running server's answers are as it says."""

import json
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import Any

import pytest
from docs.write import operations
from openapi_schema_validator import OAS31Validator

from tests.http.calls import Answered, Walk
from tests.http.described import (
    EXAMPLES,
    JSON,
    OUR_CALLS,
    URLENCODED,
    declared_answer,
    declared_body,
    document,
    template,
)
from tests.server import Api, Server, new_owner, new_project

FORM = "multipart/form-data"
DESCRIBED = 0.95  # of all bodies, and of all answers

# What an idle server cannot be made to answer, whose type is that of GET of one action; and what application keys are
# not answered, which test_oauth_v2.py compares field by field.
NOT_CALLED = {("POST", "/v1/async-actions/{action_id}/cancel"), ("POST", "/v2/oauth/token")}


@pytest.fixture(scope="module")
def answers(server: Server, served_database: str) -> list[Answered]:
    """Every call made, those of endpoints that are ours alone too."""
    api = Api(server.url, new_project(served_database))
    walk = Walk(api, new_owner(served_database))
    walk.call_all()
    for call in OUR_CALLS:
        walk.call(*call)
    api.http.close()
    return walk.answers


def _success(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Status and content of the answers that are no errors."""
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            yield status, answer.get("content", {})


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").removeprefix("#/components/schemas/")
    return dict(document()["components"]["schemas"][name]) if name else schema


def _has_properties(schema: dict[str, Any]) -> bool:
    """Whether a schema, each one of several, or that of a list's entries names properties."""
    schema = _resolved(schema)
    if "anyOf" in schema and "properties" not in schema:
        return all(map(_has_properties, schema["anyOf"]))
    return _has_properties(schema["items"]) if schema.get("type") == "array" else bool(schema.get("properties"))


def _require_described(described: dict[str, bool]) -> None:
    missing = [name for name, is_so in described.items() if not is_so]
    print("not described:", missing or "none")
    assert len(described) - len(missing) >= DESCRIBED * len(described), missing


def test_answers_are_described() -> None:
    described = {
        name: all(_has_properties(content[JSON].get("schema", {})) for content in contents)
        for name, operation in operations().items()
        if (contents := [content for _, content in _success(operation) if content.keys() == {JSON}])
    }
    assert len(described) > 70
    _require_described(described)


def test_every_success_has_a_content_or_is_empty() -> None:
    empty = {name for name, one in operations().items() for status, content in _success(one) if not content}
    assert empty == {name for name, one in operations().items() if "204" in one["responses"]}


def test_bodies_are_described() -> None:
    described = {
        name: any(
            _has_properties(content[media_type].get("schema", {}))
            for media_type in (JSON, FORM, URLENCODED)
            if media_type in content
        )
        for name, operation in operations().items()
        if (content := operation.get("requestBody", {}).get("content"))
    }
    assert len(described) > 30
    _require_described(described)


def test_bodies_and_answers_have_examples() -> None:
    described = {
        f"{name} {what}": bool(content.get("examples"))
        for name, operation in operations().items()
        for what, content in (
            ("body", operation.get("requestBody", {}).get("content", {}).get(JSON, {})),
            *((status, content.get(JSON, {})) for status, content in _success(operation)),
        )
        if "$ref" in json.dumps(content)
    }
    _require_described(described)


def _strict(part: Any) -> Any:
    """The same schema, which allows no property that it does not name."""
    if isinstance(part, dict):
        closed = {"additionalProperties": False} if "properties" in part and "additionalProperties" not in part else {}
        return {**{name: _strict(inner) for name, inner in part.items()}, **closed}
    return list(map(_strict, part)) if isinstance(part, list) else part


@cache
def _validator(reference: str) -> OAS31Validator:
    return OAS31Validator({"anyOf": json.loads(reference), "components": _strict(document()["components"])})


def _problems(schema: dict[str, Any], value: Any) -> list[str]:
    validator = _validator(json.dumps(schema.get("anyOf", [schema])))
    return [f"{error.json_path}: {error.message[:300]}" for error in _deepest(validator.iter_errors(value))]


def _deepest(errors: Any) -> Iterator[Any]:
    for error in errors:
        yield from _deepest(error.context) if error.context else [error]


def test_real_answers_are_as_declared(answers: list[Answered]) -> None:
    wrong = {
        f"{one.method} {one.path} {one.status}: {problem}"
        for one in answers
        if one.body is not None
        for problem in _problems(declared_answer(one) or {"not": {}}, one.body)
    }
    assert not wrong, "\n".join(sorted(wrong))


def test_bodies_that_are_accepted_are_as_declared(answers: list[Answered]) -> None:
    """Single ones: among the rows of submissions are some that are wrong on purpose."""
    single = [one for one in answers if isinstance(one.request_body, dict)]
    assert len(single) > 20
    wrong = [
        f"{one.method} {one.path}: {problem}"
        for one in single
        for problem in _problems(declared_body(one) or {"not": {}}, one.request_body)
    ]
    assert not wrong, "\n".join(wrong)


def test_every_answer_that_is_described_was_seen(answers: list[Answered]) -> None:
    seen = {(one.method, template(one.method, one.path)) for one in answers if one.status < 300}
    described = {
        (method, path)
        for name, operation in operations().items()
        for method, path in [name.split(" ")]
        if any(content.keys() == {JSON} for _, content in _success(operation))
    }
    assert described - seen == NOT_CALLED


@pytest.mark.parametrize("name", sorted(json.loads(EXAMPLES.read_text())))
def test_examples_are_as_declared(name: str) -> None:
    example = json.loads(EXAMPLES.read_text())[name]
    assert _problems({"$ref": f"#/components/schemas/{name}"}, example) == []
    spoilt = deepcopy(example) | {"unheard_of": 1}
    assert _problems({"$ref": f"#/components/schemas/{name}"}, spoilt)
