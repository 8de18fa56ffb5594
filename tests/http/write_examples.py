"""Writes the examples of the OpenAPI document from a server's real answers: `python -m tests.http.write_examples`.

They are the same however often they are written: what is another one each time has a stand-in.
"""

import json
import tempfile
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from tallykeep.tenants.projects import Keys
from tests.http.calls import Answered, Body, Walk
from tests.http.described import EXAMPLES, OUR_CALLS, declared_answer, declared_body, problems, type_named
from tests.http.oauth import basic
from tests.http.stand_ins import Numbers, as_any_time
from tests.postgres import fresh_database, migrated_template, running_postgres
from tests.server import NO_TLS, Api, new_owner, new_project, serving

_SHOWN = 2  # entries of a list
_SECONDS = 60


def main() -> None:
    """Make every call to a server of its own, and keep the fullest of each type."""
    with (
        tempfile.TemporaryDirectory(prefix="tallykeep-examples-") as directory,
        running_postgres(Path(directory) / "pg") as postgres,
        migrated_template(postgres) as template,
        fresh_database(postgres, template) as database,
    ):
        private = {"TALLYKEEP_WEBHOOK_ALLOW_PRIVATE": "true"}  # what is no more than an example is in no name server
        with serving(Path(directory) / "server", database_url=database, **private) as server:
            walk = SettledWalk(Api(server.url, new_shop(database)), new_owner(database))
            walk.call_everything()
    EXAMPLES.write_text(as_file(examples_of(walk.answers, walk.began)))


def new_shop(database_url: str) -> Keys:
    """The project that the calls are made in."""
    return new_project(database_url, "Shop")


def as_file(examples: dict[str, Any]) -> str:
    return json.dumps(examples, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


class SettledWalk(Walk):
    """Makes each call when what those before it have started is over, so that it is answered the same every time."""

    def __init__(self, api: Api, owner: dict[str, str]) -> None:
        super().__init__(api, owner)
        self.began = datetime.now(UTC)

    def call_everything(self) -> None:
        """Make all calls, those of endpoints that are ours alone too."""
        self.call_all()
        for call in OUR_CALLS:
            self.call(*call)
        self._ask_for_a_token_as_a_service()

    def _ask_for_a_token_as_a_service(self) -> None:
        """The one call that takes neither the project's keys nor an owner's, and so is none of the others."""
        scopes = ["vouchers.read", "vouchers.write"]
        key = self._api.http.post("/v1/keys", json={"kind": "service", "role": "operator", "scopes": scopes}).json()
        path, form = "/v2/oauth/token", {"grant_type": "client_credentials"}
        answer = httpx.post(
            self._api.url + path, data=form, headers=basic(key["id"], key["token"]), trust_env=False, verify=NO_TLS
        )
        assert answer.status_code == 200, answer.text
        self.answers.append(Answered("POST", path, 200, None, answer.json()))

    def call(self, method: str, path: str, request_body: Body = None) -> Answered:
        answered = super().call(method, path, request_body)
        if method != "GET":
            self._wait_for_actions()
            return answered
        deadline = time.monotonic() + _SECONDS
        while _is_under_way(answered.body):
            assert time.monotonic() < deadline, answered
            time.sleep(0.05)
            self.answers.remove(answered)
            answered = super().call(method, path, request_body)
        return answered

    def _wait_for_actions(self) -> None:
        deadline = time.monotonic() + _SECONDS
        while running := self._api.get("/v1/async-actions", status="ENQUEUED,IN_PROGRESS")["async_actions"]:
            assert time.monotonic() < deadline, running
            time.sleep(0.01)


def _is_under_way(body: Any) -> bool:
    """Whether an answer shows what will soon be another: a deletion that goes on, entries that are not chained yet."""
    if not isinstance(body, dict):
        return False
    if body.get("object") == "project_deletion":
        return body["deleted_at"] is None
    shown = [body, *(body["data"] if isinstance(body.get("data"), list) else ())]
    entries = [each for each in shown if isinstance(each, dict) and each.get("object") == "audit_entry"]
    return any(entry["hash"] is None for entry in entries)


def examples_of(answers: Iterable[Answered], began: datetime) -> dict[str, Any]:
    """The fullest of each type, by its name."""
    examples: dict[str, Any] = {}
    for name, value in (pair for one in answers for pair in _examples_in(one)):
        short = as_any_time(name, _short(value), began)
        if len(json.dumps(short)) > len(json.dumps(examples.get(name))):
            examples[name] = short
    numbers = Numbers()
    return {name: numbers.numbered(examples[name]) for name in sorted(examples)}


def _examples_in(one: Answered) -> Iterator[tuple[str, Any]]:
    if one.status < 300 and isinstance(one.body, dict):
        names = _names(declared_answer(one))  # an answer that may be of several types is of one
        yield from ((name, one.body) for name in names if len(names) == 1 or not problems(type_named(name), one.body))
    if isinstance(one.request_body, dict):
        yield from ((name, one.request_body) for name in _names(declared_body(one)))
    if isinstance(one.request_body, list):
        yield from ((name, one.request_body[0]) for name in _names((declared_body(one) or {}).get("items")))


def _names(schema: dict[str, Any] | None) -> list[str]:
    parts = (schema or {}).get("anyOf", [schema or {}])
    return [part["$ref"].rpartition("/")[2] for part in parts if "$ref" in part]


def _short(value: Any) -> Any:
    """The same, with the first entries of lists alone."""
    if isinstance(value, dict):
        return {name: _short(inner) for name, inner in value.items()}
    return list(map(_short, _in_one_order(value)[:_SHOWN])) if isinstance(value, list) else value


def _in_one_order(entries: list[Any]) -> list[Any]:
    """What was deleted at the same moment stands in the bin in any order."""
    if all(isinstance(entry, dict) and "deleted_by_user_id" in entry for entry in entries):
        return sorted(entries, key=lambda entry: str(entry["resource_type"]))
    return entries


if __name__ == "__main__":
    main()
