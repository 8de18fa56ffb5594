"""Every endpoint that the peer's OpenAPI file describes too: exercised once, and held to it."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from docs.write import REFERENCE_ENDPOINTS, operations, query_parameters

from tallykeep.catalog.action_types import ACTION_TYPES
from tests.http.calls import Walk
from tests.reference_api import MISSING, Contradiction, Endpoint, ReferenceApi, endpoint, read_reference_api
from tests.reference_api_tolerated import OTHER_STATUSES, TOLERATED, Tolerated
from tests.server import Api, Server, new_owner, new_project

# In the peer's examples, though not in its schemas.
CAPTURED_ONLY = {"redemption.redeemed_amount"}

# Known from the official SDKs alone: the file beside the checkout leaves them out.
OF_SDKS = {("POST", "/v1/customers/{}/permanent-deletion")}

Answer = tuple[Endpoint, str, Any]


@pytest.fixture(scope="module")
def reference_api() -> ReferenceApi:
    reference = read_reference_api()
    if reference is None:
        pytest.skip(MISSING)
    return reference


@pytest.fixture(scope="module")
def answers(reference_api: ReferenceApi, server: Server, served_database: str) -> list[Answer]:
    """What every call is answered, and then every action that came of them."""
    api = Api(server.url, new_project(served_database))
    api.http.event_hooks = {}  # held to the file below, all of them at once
    walk = Walk(api, new_owner(served_database))
    walk.call_all()
    api.http.close()
    operations = [(reference_api.find(one.method, one.path), one) for one in walk.answers]
    return [(of, str(one.status), one.body) for of, one in operations if of is not None]


def _is_other(of: Endpoint, status: str) -> bool:
    return OTHER_STATUSES.get(of) == status


@cache
def _ours() -> dict[Endpoint, dict[str, Any]]:
    """Our endpoints as our own OpenAPI document describes them."""
    return {endpoint(*name.split(" ")): operation for name, operation in operations().items()}


def _contradictions(reference_api: ReferenceApi, answers: list[Answer]) -> Iterator[Contradiction]:
    for of, status, body in answers:
        if body is not None and not _is_other(of, status):
            yield from reference_api.contradictions(of, status, body)


def test_every_answer_is_as_the_reference_apis_file_says(reference_api: ReferenceApi, answers: list[Answer]) -> None:
    wrong = [
        str(contradiction)
        for contradiction in _contradictions(reference_api, answers)
        if not contradiction.is_tolerated
    ]
    assert wrong == []


def test_every_answer_has_a_status_that_the_reference_apis_file_knows(
    reference_api: ReferenceApi, answers: list[Answer]
) -> None:
    undocumented = {
        (of, status) for of, status, _ in answers if status not in reference_api.operations[of]["responses"]
    }
    assert undocumented == set(OTHER_STATUSES.items())


def test_every_endpoint_that_both_have_is_exercised(reference_api: ReferenceApi, answers: list[Answer]) -> None:
    exercised = {of for of, status, _ in answers if status.startswith("2")}
    assert _ours().keys() & reference_api.operations.keys() - exercised == set()


def test_every_action_type_shows_its_result(answers: list[Answer]) -> None:
    shown = {body["type"] for of, _, body in answers if of == ("GET", "/v1/async-actions/{}") and "type" in body}
    assert shown == ACTION_TYPES.keys()


@pytest.mark.parametrize("tolerated", TOLERATED, ids=lambda one: f"{one.answer} {one.path}")
def test_what_is_tolerated_is_needed_and_in_the_examples_where_it_says_so(
    reference_api: ReferenceApi, answers: list[Answer], tolerated: Tolerated
) -> None:
    assert any(contradiction.is_covered_by(tolerated) for contradiction in _contradictions(reference_api, answers))
    examples = [
        (of, status, example)
        for of, operation in reference_api.operations.items()
        for status in operation["responses"]
        for example in reference_api.examples(of, status)
    ]
    captured = any(contradiction.is_covered_by(tolerated) for contradiction in _contradictions(reference_api, examples))
    assert captured is tolerated.captured


def _declared(name: str, of: Endpoint) -> Any:
    return _ours()[of].get("x-compatibility", {}).get(name, ())


def test_endpoints_say_whether_they_are_ours_alone(reference_api: ReferenceApi) -> None:
    ours_only = {of for of in _ours() if _declared("ours", of)}
    assert ours_only | OF_SDKS == _ours().keys() - reference_api.operations.keys()


def test_endpoints_that_are_not_here_are_listed(reference_api: ReferenceApi) -> None:
    assert {
        endpoint(*name.split(" ")) for name in REFERENCE_ENDPOINTS
    } - _ours().keys() == reference_api.operations.keys() - _ours().keys()


def test_endpoints_declare_the_reference_apis_query_parameters(reference_api: ReferenceApi) -> None:
    for of, operation in _ours().items():
        declared = set(operation.get("x-compatibility", {}).get("query", query_parameters(operation)))
        if of in reference_api.operations:
            assert declared == reference_api.query_parameters(of), of


def test_fields_that_only_our_answers_have_are_declared(reference_api: ReferenceApi, answers: list[Answer]) -> None:
    unknown: dict[Endpoint, set[str]] = {}
    for of, status, body in answers:
        if body is not None:
            named = {path.rpartition("[].")[2] for path in reference_api.unknown_fields(of, status, body)}
            unknown.setdefault(of, set()).update(named - CAPTURED_ONLY)
    assert {of: set(_declared("added", of)) for of in unknown} == unknown


def test_fields_that_our_answers_never_have_are_declared(reference_api: ReferenceApi, answers: list[Answer]) -> None:
    for of in {of for of, _, _ in answers if of[0] == "GET"}:
        shown = [body for one, status, body in answers if one == of and status == "200"]
        ours = set().union(*map(_fields, shown))
        captured = set().union(*map(_fields, reference_api.examples(of, "200")))
        assert captured - ours <= set(_declared("absent", of)) <= reference_api.fields(of, "200") - ours, of


def _fields(body: dict[str, Any]) -> set[str]:
    """The fields of the resources that an answer shows."""
    return set().union(*body[body["data_ref"]]) if "data_ref" in body else set(body)
