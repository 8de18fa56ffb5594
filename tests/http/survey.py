"""Every route as it is declared, and a survey of them: asked with keys of all sorts, with what came of it.

A leak is a request that should have been refused and was not, or an answer that tells of another project.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

import httpx
import psycopg
from docs.write import operations

from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.tenants.permissions import Permission
from tests.server import NO_TLS, Api, Server, management_headers, new_project

Headers = dict[str, str]

_NO_KEY = b'{"kind": "none"}'  # without a body, a key would be made each time
TOKEN_PATH = "/v2/oauth/token"


@dataclass(frozen=True)
class Operation:
    """One route: its method and path, what it declares, and whether management keys will do, or nothing else."""

    method: str
    path: str
    permission: Permission | None
    is_public: bool
    managing: bool
    only_managing: bool
    parameters: tuple[str, ...]

    def url(self, **values: str) -> str:
        """Its path, with these values or others that name nothing."""
        return re.sub(r"\{([^}]*)\}", lambda match: values.get(match[1], "none"), self.path)

    def ways(self, **values: str) -> list[str]:
        """Its address; that of a hot route also with a query, with which it goes the other way."""
        url = self.url(**values)
        return [url, f"{url}?unknown=1"] if self.is_hot else [url]

    @property
    def deletes_the_project(self) -> bool:
        """Whether it would delete the very project that asks."""
        return (self.method, self.path) == ("DELETE", "/management/v1/projects/{project_id}")

    @property
    def is_hot(self) -> bool:
        """Whether it is found past FastAPI's routes."""
        if self.path == "/v1/async-actions/{action_id}":
            return self.method == "GET"
        return self.method == "POST" and any(self.path == action_type.path for action_type in ACTION_TYPES.values())


def every_operation() -> list[Operation]:
    """All of them, as the document describes them, and the document itself."""
    described = []
    for name, operation in operations().items():
        method, path = name.split(" ")
        code = operation.get("x-required-permission")
        described.append(
            Operation(
                method, path, Permission[code.upper().replace("-", "_").replace(".", "_")] if code else None,
                "x-public" in operation, "x-management-keys" in operation,
                operation.get("x-management-keys") == "only", tuple(re.findall(r"\{([^}]*)\}", path)),
            )
        )  # fmt: skip
    document = Operation(
        "GET", "/openapi.json", None, is_public=True, managing=False, only_managing=False, parameters=()
    )
    return [*described, document]


OPERATIONS = every_operation()
GUARDED = [operation for operation in OPERATIONS if not operation.is_public]
_BY_NEED = {operation.permission: operation for operation in GUARDED if not operation.only_managing}
ONE_OF_EACH = [operation for operation in _BY_NEED.values() if operation.permission]


@dataclass
class Survey:
    """A project, its keys of all sorts, and what came of asking with them."""

    api: Api
    client: httpx.Client
    line: HTTPConnection  # for the thousands: as little as a client can be
    leaks: list[str] = field(default_factory=list)
    wrongly_refused: list[str] = field(default_factory=list)
    granted: set[Permission] = field(default_factory=set)
    refused: set[Permission] = field(default_factory=set)
    count: int = 0

    def key(self, **fields: Any) -> dict[str, Any]:
        """A key made by the project's management key."""
        body, headers = {"role": "admin", **fields}, management_headers(self.api.keys)
        answer = self.client.post("/v1/keys", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def revoke(self, key: dict[str, Any]) -> None:
        """End a key, by the project's management key."""
        answer = self.client.delete(f"/v1/keys/{key['id']}", headers=management_headers(self.api.keys))
        assert answer.status_code == 204, answer.text

    def bearer(self, key: dict[str, Any]) -> Headers:
        """A token of a service key."""
        form = {"grant_type": "client_credentials"}
        answer = self.client.post(TOKEN_PATH, data=form, auth=(key["id"], key["token"]))
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def ask(self, operation: Operation, headers: Headers) -> Iterator[tuple[str, int, str]]:
        """Its addresses, with the status and the body of the answer from each; almost nothing is sent as a body."""
        is_new_key = (operation.method, operation.path) == ("POST", "/v1/keys")
        typed = headers | {"Content-Type": "application/json"} if is_new_key else headers
        named = {} if operation.deletes_the_project else {"project_id": self.api.keys.project}
        for url in operation.ways(**named):
            self.count += 1
            self.line.request(operation.method, url, _NO_KEY if is_new_key else None, typed)
            answer = self.line.getresponse()
            yield url, answer.status, answer.read().decode()

    def expect(self, operation: Operation, headers: Headers, status: int, who: str) -> None:
        """Refusal with this status, of whatever way."""
        for url, code, body in self.ask(operation, headers):
            if code != status:
                self.leaks.append(f"{who}: {operation.method} {url} is answered {code}")
            elif status == 403 and operation.permission:
                self.refused.add(operation.permission)
                assert operation.permission in json.loads(body)["details"]

    def expect_granted(self, operation: Operation, headers: Headers, who: str) -> None:
        """Anything but a refusal: what follows may find nothing, or miss a body."""
        for url, code, body in self.ask(operation, headers):
            if code in (401, 403) or code >= 500:
                self.wrongly_refused.append(f"{who}: {operation.method} {url} is answered {body}")
            elif operation.permission:
                self.granted.add(operation.permission)

    def settle(self) -> None:
        """Fail where something leaked, or was refused wrongly."""
        assert self.leaks == [], f"{len(self.leaks)} leaks"
        assert self.wrongly_refused == []


def app_headers(key: dict[str, Any]) -> Headers:
    """A key as requests bring it."""
    name = "Management" if key["kind"] == "management" else "App"
    return {f"X-{name}-Id": key["id"], f"X-{name}-Token": key["token"]}


@contextmanager
def surveying(server: Server, database_url: str) -> Iterator[Survey]:
    """A survey in a project of its own, whose management key is an owner's."""
    api = Api(server.url, new_project(database_url))
    with psycopg.connect(database_url) as connection:
        owner = "UPDATE api_keys SET role = 'owner' WHERE kind = 'management' AND key_id = %s"
        connection.execute(owner, (api.keys.management_id,))
    with httpx.Client(base_url=server.url, trust_env=False, verify=NO_TLS, timeout=60) as client:
        survey = Survey(api, client, HTTPConnection(server.url.removeprefix("http://"), timeout=60))
        yield survey
        survey.settle()
        survey.line.close()
        print(f"{survey.count} requests of {len(OPERATIONS)} routes, {len(survey.leaks)} leaks")
    api.http.close()
