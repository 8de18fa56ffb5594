"""The first keys of a new project have what the owner's key has that creates it, and no more."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import httpx
import pytest

from tests.http.test_errors import check
from tests.server import NO_TLS, Server, new_owner

PROJECTS = "/management/v1/projects"
END = "2099-01-31T12:00:00.000Z"

Making = Callable[..., httpx.Client]


@pytest.fixture
def making(server: Server, served_database: str) -> Iterator[Making]:
    """What makes an owner's client with these fields."""
    with ExitStack() as stack:

        def client(headers: dict[str, str]) -> httpx.Client:
            opened = httpx.Client(base_url=server.url, headers=headers, timeout=60, trust_env=False, verify=NO_TLS)
            return stack.enter_context(closing(opened))

        full = client(new_owner(served_database))

        def make(**fields: Any) -> httpx.Client:
            made = full.post("/v1/keys", json={"kind": "management", "role": "owner", **fields})
            assert made.status_code in (200, 201), made.text
            return client({"X-Management-Id": made.json()["id"], "X-Management-Token": made.json()["token"]})

        yield make


def _first_keys(owner: httpx.Client) -> list[dict[str, Any]]:
    created = owner.post(PROJECTS, json={"name": "Shop"})
    assert created.status_code == 200, created.text
    key = created.json()["management_key"]
    headers = {"X-Management-Id": key["management_id"], "X-Management-Token": key["management_token"]}
    with httpx.Client(base_url=owner.base_url, headers=headers, timeout=60, trust_env=False, verify=NO_TLS) as own:
        keys: list[dict[str, Any]] = own.get("/v1/keys").json()["keys"]
    assert [each["kind"] for each in keys] == ["app", "management"]
    return keys


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({}, {"expires_at": None, "addresses": [], "scopes": None}),
        ({"expires_at": END}, {"expires_at": END, "addresses": [], "scopes": None}),
        ({"addresses": ["127.0.0.0/8"]}, {"expires_at": None, "addresses": ["127.0.0.0/8"], "scopes": None}),
        (
            {"scopes": ["installation.manage", "keys.read", "vouchers.read"]},
            {"expires_at": None, "addresses": [], "scopes": ["keys.read", "vouchers.read"]},
        ),
    ],
)
def test_first_keys_have_no_more_than_the_key_that_made_them(
    making: Making, fields: dict[str, Any], shown: dict[str, Any]
) -> None:
    for key in _first_keys(making(**fields)):
        assert key.items() >= {"role": "admin", **shown}.items()


def test_a_key_that_has_nothing_to_give_creates_no_project(making: Making) -> None:
    owner = making(scopes=["installation.manage"])
    check(owner.post(PROJECTS, json={"name": "Shop"}), 403, "forbidden", "nothing but installation.manage")
