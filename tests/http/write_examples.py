"""Writes the examples of the OpenAPI document from a server's real answers: `python -m tests.http.write_examples`."""

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.http.calls import Answered, Walk
from tests.http.described import EXAMPLES, OUR_CALLS, declared_answer, declared_body
from tests.postgres import fresh_database, migrated_template, running_postgres
from tests.server import Api, Server, new_owner, new_project

_SHOWN = 2  # entries of a list
_TOKENS = ("token", "app_token", "management_token")


def main() -> None:
    """Make every call to a server of its own, and keep the fullest of each type."""
    with (
        tempfile.TemporaryDirectory(prefix="tallykeep-examples-") as directory,
        running_postgres(Path(directory) / "pg") as postgres,
        migrated_template(postgres) as template,
        fresh_database(postgres, template) as database,
    ):
        private = {"TALLYKEEP_WEBHOOK_ALLOW_PRIVATE": "true"}  # what is no more than an example is in no name server
        server = Server(Path(directory) / "server", database_url=database, **private).start()
        walk = Walk(Api(server.url, new_project(database, "Shop")), new_owner(database))
        walk.call_all()
        for call in OUR_CALLS:
            walk.call(*call)
        server.stop()
    EXAMPLES.write_text(json.dumps(_fullest(walk.answers), indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def _fullest(answers: list[Answered]) -> dict[str, Any]:
    examples: dict[str, Any] = {}
    for name, value in (pair for one in answers for pair in _examples_in(one)):
        short = _short(value)
        if len(json.dumps(short)) > len(json.dumps(examples.get(name))):
            examples[name] = short
    return examples


def _examples_in(one: Answered) -> Iterator[tuple[str, Any]]:
    if one.status < 300 and isinstance(one.body, dict):
        yield from ((name, one.body) for name in _names(declared_answer(one)) if _is(name, one.body))
    if isinstance(one.request_body, dict):
        yield from ((name, one.request_body) for name in _names(declared_body(one)))
    if isinstance(one.request_body, list):
        yield from ((name, one.request_body[0]) for name in _names((declared_body(one) or {}).get("items")))


def _names(schema: dict[str, Any] | None) -> list[str]:
    parts = (schema or {}).get("anyOf", [schema or {}])
    return [part["$ref"].rpartition("/")[2] for part in parts if "$ref" in part]


def _is(name: str, body: dict[str, Any]) -> bool:
    """Whether an answer that may be of several types is of this one."""
    return {"FailureList": "failures", "ReasonList": "reasons"}.get(name) in (None, body.get("data_ref"))


def _short(value: Any) -> Any:
    """The same, with the first entries of lists alone, and nothing of the machine that it comes from."""
    if isinstance(value, dict):
        return {name: "shown this once" if name in _TOKENS else _short(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return list(map(_short, value[:_SHOWN]))
    return re.sub(r"http://127\.0\.0\.1:\d+", "http://localhost:8000", value) if isinstance(value, str) else value


if __name__ == "__main__":
    main()
