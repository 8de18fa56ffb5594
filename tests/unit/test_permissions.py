"""The table of permissions, what routes declare of it, and addresses."""

import re
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from docs.write import operations
from fastapi import APIRouter
from fastapi.routing import APIRoute

from tallykeep.api.app import create_api
from tallykeep.api.dependencies.auth import FromCaller, require_declarations
from tallykeep.api.dependencies.permissions import any_key, need_of, needs, public
from tallykeep.catalog.action_types import ACTION_TYPES
from tallykeep.catalog.contents import submits
from tallykeep.tenants.addresses import is_within, read_network
from tallykeep.tenants.oauth_scopes import V1_SCOPES, read_v1_scope
from tallykeep.tenants.permissions import ROLES, Permission, Role, permissions_of
from tests.reference_api import MISSING, read_reference_api

_DECLARING = ("x-required-permission", "x-any-key", "x-public")


async def _asking(caller: FromCaller) -> None:
    """A route that asks who is there."""


async def _not_asking() -> None:
    """A route that does not."""


@pytest.mark.parametrize(
    ("endpoint", "declared"),
    [
        (_asking, {}),
        (_not_asking, {}),
        (_asking, public("for the test")),
        (_not_asking, needs(Permission.VOUCHERS_READ)),
        (_not_asking, any_key("for the test")),
        (_asking, needs(Permission.VOUCHERS_READ) | public("for the test")),
    ],
)
def test_a_route_that_does_not_say_what_it_needs_or_does_not_ask_for_it_is_not_served(
    endpoint: Callable[..., Any], declared: dict[str, Any]
) -> None:
    router = APIRouter()
    router.get("/", openapi_extra=declared)(endpoint)
    with pytest.raises(RuntimeError):
        require_declarations(router.routes)


def test_every_route_of_the_application_declares_something() -> None:
    app = create_api(ACTION_TYPES, asynccontextmanager(lambda: iter(())))  # type: ignore[arg-type]
    routes = [route for router in app.state.routers for route in router.routes]
    assert len(routes) > 100
    assert all(isinstance(route, APIRoute) for route in routes)
    for route in routes:
        need_of(route.openapi_extra)
    others = [getattr(route, "path", None) for route in app.routes if route not in routes]
    assert others == ["/openapi.json"]  # which tells nothing that is not in the source


def test_the_document_says_of_every_operation_who_may_ask() -> None:
    for name, operation in operations().items():
        assert len([each for each in _DECLARING if each in operation]) == 1, name
        is_public = "x-public" in operation and operation["security"] == []
        assert is_public or operation["security"], name
        if "x-public" in operation:
            assert len(operation["x-public"]) > 20, name


def test_every_permission_is_needed_somewhere() -> None:
    needed = {operation.get("x-required-permission") for operation in operations().values()}
    assert needed - {None} == {permission.value for permission in Permission}


def test_permissions_have_names_like_their_codes_and_roles_within_each_other() -> None:
    for permission in Permission:
        assert re.fullmatch(r"[a-z-]+\.(read|write|manage|preview|export|erase)", permission)
        assert permission.name == re.sub(r"[-.]", "_", permission).upper()
    assert ROLES[Role.READER] < ROLES[Role.OPERATOR] < ROLES[Role.ADMIN] < ROLES[Role.OWNER] == set(Permission)
    assert ROLES[Role.OWNER] - ROLES[Role.ADMIN] == {Permission.INSTALLATION_MANAGE}
    assert all(code.endswith((".read", ".preview")) for code in ROLES[Role.READER])


def test_scopes_narrow_down_and_never_add() -> None:
    narrowed = permissions_of("reader", ["vouchers.read", "vouchers.write", "of another version"], None)
    assert narrowed == {Permission.VOUCHERS_READ}
    assert permissions_of("admin", ["vouchers.read"], ["vouchers.write"]) == frozenset()
    assert permissions_of("owner", None, None) == set(Permission)


def test_every_action_type_has_a_permission_to_submit_it() -> None:
    submitting = {submits(action_type) for action_type in ACTION_TYPES.values()}
    assert Permission.METADATA_SCHEMAS_MANAGE in submitting
    assert len(submitting) == 8


def test_scopes_of_the_first_version_are_those_of_the_reference_api() -> None:
    reference = read_reference_api()
    if reference is None:
        pytest.skip(MISSING)
    schema = reference.document["components"]["schemas"]["OAuthTokenGenerateRequestBody"]
    values = schema["properties"]["scope"]["description"].partition("values:")[2]
    assert set(re.findall(r"`([\w-]+)`", values)) == V1_SCOPES


def test_what_scopes_of_the_first_version_permit() -> None:
    assert read_v1_scope("vouchers api") is None
    assert read_v1_scope("segments client_api") == frozenset()
    reachable = {permission for scope in V1_SCOPES - {"api"} for permission in read_v1_scope(scope) or ()}
    ours = {"audit-log.read", "keys.read", "keys.manage", "imports.preview", "projects.read", "server.read"}
    ours |= {"webhooks.read", "webhooks.manage", "projects.manage", "installation.manage", "customers.export"}
    assert {permission.value for permission in Permission} - reachable == ours


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("192.0.2.7", "192.0.2.7/32"),
        (" 192.0.2.0/24 ", "192.0.2.0/24"),
        ("192.0.2.0/255.255.255.0", "192.0.2.0/24"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("::ffff:192.0.2.1", "192.0.2.1/32"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::/0", "::/0"),
    ],
)
def test_networks_are_read(written: str, read: str) -> None:
    assert str(read_network(written)) == read
    assert read_network(read) == read_network(written)


@pytest.mark.parametrize("written", ["", "192.0.2.1/24", "192.0.2", "fe80::1%eth0/64", "1/2/3", "a", "192.0.2.0/33"])
def test_what_is_no_network(written: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_network(written)


def test_addresses_are_found_in_networks() -> None:
    networks = [read_network("192.0.2.0/24"), read_network("fe80::/10")]
    for address in ("192.0.2.255", "::ffff:192.0.2.1", "fe80::1", "fe80::1%eth0"):
        assert is_within(networks, address)
    for address in ("192.0.3.0", "2001:db8::1", "", None, "unknown", "::192.0.2.1"):
        assert not is_within(networks, address)
