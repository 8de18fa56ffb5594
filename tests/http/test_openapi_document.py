"""/openapi.json: it describes every body and every answer, and the running server's answers are as it says."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from docs.write import operations

from tests.http.calls import Answered
from tests.http.described import (
    EXAMPLES,
    JSON,
    URLENCODED,
    declared_answer,
    declared_body,
    document,
    problems,
    template,
    type_named,
)
from tests.http.stand_ins import ACCESS_TOKEN, SECRET, SHOWN_ONCE
from tests.http.write_examples import SettledWalk, as_file, examples_of, new_shop
from tests.server import Api, Server, new_owner

FORM = "multipart/form-data"
DESCRIBED = 0.95  # of all bodies, and of all answers

# What an idle server cannot be made to answer, whose type is that of GET of one action.
NOT_CALLED = {("POST", "/v1/async-actions/{action_id}/cancel")}


@pytest.fixture(scope="module")
def walk(server: Server, served_database: str) -> SettledWalk:
    """Every call made, those of endpoints that are ours alone too."""
    api = Api(server.url, new_shop(served_database))
    walk = SettledWalk(api, new_owner(served_database))
    walk.call_everything()
    api.http.close()
    return walk


@pytest.fixture
def answers(walk: SettledWalk) -> list[Answered]:
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


def test_real_answers_are_as_declared(answers: list[Answered]) -> None:
    wrong = {
        f"{one.method} {one.path} {one.status}: {problem}"
        for one in answers
        if one.body is not None
        for problem in problems(declared_answer(one) or {"not": {}}, one.body)
    }
    assert not wrong, "\n".join(sorted(wrong))


def test_bodies_that_are_accepted_are_as_declared(answers: list[Answered]) -> None:
    """Single ones: among the rows of submissions are some that are wrong on purpose."""
    single = [one for one in answers if isinstance(one.request_body, dict)]
    assert len(single) > 20
    wrong = [
        f"{one.method} {one.path}: {problem}"
        for one in single
        for problem in problems(declared_body(one) or {"not": {}}, one.request_body)
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


def test_the_examples_are_what_is_answered(walk: SettledWalk) -> None:
    written = as_file(examples_of(walk.answers, walk.began))
    assert written == EXAMPLES.read_text(), "run `python -m tests.http.write_examples`, and then `make docs`"


def _texts_in(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for inner, each in value.items():
            yield from _texts_in(each, inner)
    elif isinstance(value, list):
        for each in value:
            yield from _texts_in(each, name)
    elif isinstance(value, str):
        yield name, value


# What may be long and have digits: ids by their numbers, hashes likewise, and the characters of a code.
_HARMLESS = re.compile(
    r"[a-z]{1,5}[_-]0{14}[0-9a-f]{4}e?|0{8}-0000-4000-8000-[0-9a-f]{12}|0{60}[0-9a-f]{4}|0123456789abcdef\w+"
)


def test_nothing_in_the_examples_opens_anything() -> None:
    texts = list(_texts_in(json.loads(EXAMPLES.read_text())))
    opening = ("token", "app_token", "management_token", "access_token", "secret")
    shown = {(name, text) for name, text in texts if name in opening}
    assert shown == {
        *((name, SHOWN_ONCE) for name in opening[:3]), ("access_token", ACCESS_TOKEN), ("secret", SECRET),
    }  # fmt: skip
    words = {word for name, text in texts if name not in opening for word in re.findall(r"[\w+=-]{16,}", text)}
    assert {word for word in words if re.search(r"\d", word) and not _HARMLESS.fullmatch(word)} == set()


@pytest.mark.parametrize("name", sorted(json.loads(EXAMPLES.read_text())))
def test_examples_are_as_declared(name: str) -> None:
    example = json.loads(EXAMPLES.read_text())[name]
    assert problems(type_named(name), example) == []
    spoilt = deepcopy(example) | {"unheard_of": 1}
    assert problems(type_named(name), spoilt)
