"""Every route of the application, asked by everybody who may and by many who may not: generated from declarations."""

import psycopg
import pytest

from tallykeep.tenants.permissions import ROLES, Permission, Role
from tests.http.survey import GUARDED, ONE_OF_EACH, OPERATIONS, TOKEN_PATH, Headers, Survey, app_headers


def test_who_shows_nothing_or_the_wrong_thing(survey: Survey) -> None:
    key = survey.key(role="admin")
    service = survey.key(role="admin", kind="service")
    nothing: list[tuple[str, Headers]] = [
        ("no credentials", {}),
        ("a wrong id", {"X-App-Id": "nobody", "X-App-Token": key["token"]}),
        ("a wrong token", {"X-App-Id": key["id"], "X-App-Token": "wrong"}),
        ("an id alone", {"X-App-Id": key["id"]}),
        ("a service key as keys", {"X-App-Id": service["id"], "X-App-Token": service["token"]}),
        ("a wrong bearer", {"Authorization": "Bearer 1.wrong"}),
        ("wrong management keys", {"X-Management-Id": "x", "X-Management-Token": "x"}),
    ]
    for operation in GUARDED:
        for who, headers in nothing:
            survey.expect(operation, headers, 401, who)
        survey.expect(operation, app_headers(key) | {"Authorization": "Bearer 1.x"}, 400, "two kinds at once")
    survey.settle()


def test_public_routes_ask_for_nothing(survey: Survey) -> None:
    for operation in OPERATIONS:
        if operation.is_public and operation.path != TOKEN_PATH:
            survey.expect_granted(operation, {}, "nobody")
    survey.settle()


@pytest.mark.parametrize("role", Role)
def test_each_role(survey: Survey, role: Role) -> None:
    manager = app_headers(survey.key(role=role, kind="management"))
    others: list[tuple[str, Headers]] = []
    if role != Role.OWNER:  # which those of other kinds cannot be
        service = survey.key(role=role, kind="service")
        others = [
            (f"{role} key", app_headers(survey.key(role=role))),
            (f"{role} token", survey.bearer(service)),
        ]
    for operation in GUARDED:
        may = operation.permission is None or operation.permission in ROLES[role]
        of_manager = [(f"{role} management key", manager)]
        for who, headers in [*others, *(of_manager if operation.managing else [])]:
            is_other = operation.only_managing and "X-Management-Id" not in headers
            if is_other or (operation.permission is None and "Authorization" in headers):
                survey.expect(operation, headers, 401, who)  # a token gets no further ones
            elif may:
                survey.expect_granted(operation, headers, who)
            else:
                survey.expect(operation, headers, 403, who)
        if not operation.managing:
            survey.expect(operation, manager, 401, "management key")
    survey.settle()


@pytest.mark.parametrize("permission", Permission)
def test_each_scope_and_all_but_each(survey: Survey, permission: Permission) -> None:
    if permission not in ROLES[Role.ADMIN]:
        pytest.skip("no application key can have it")
    only = survey.key(scopes=[permission.value])
    without = survey.key(scopes=[code.value for code in ROLES[Role.ADMIN] if code != permission])
    for operation in GUARDED:
        if operation.permission == permission and operation.only_managing:
            survey.expect(operation, app_headers(only), 401, f"only {permission}")
        elif operation.permission == permission:
            survey.expect_granted(operation, app_headers(only), f"only {permission}")
            survey.expect(operation, app_headers(without), 403, f"all but {permission}")
    for operation in ONE_OF_EACH:
        if operation.permission != permission:
            survey.expect(operation, app_headers(only), 403, f"only {permission}")
    for key in (only, without):
        survey.revoke(key)
    survey.settle()


@pytest.mark.parametrize(
    "permission", sorted({each.permission for each in GUARDED if each.managing and each.permission})
)
def test_each_scope_of_management_keys(survey: Survey, permission: Permission) -> None:
    sort = {"kind": "management", "role": "owner"}
    only = survey.key(**sort, scopes=[permission.value])
    without = survey.key(**sort, scopes=[code.value for code in Permission if code != permission])
    for operation in GUARDED:
        if operation.managing and operation.permission == permission:
            survey.expect_granted(operation, app_headers(only), f"only {permission}")
            survey.expect(operation, app_headers(without), 403, f"all but {permission}")
        elif operation.managing and operation.permission:
            survey.expect(operation, app_headers(only), 403, f"only {permission}")
    for key in (only, without):
        survey.revoke(key)
    survey.settle()


def test_expired_and_revoked_keys_and_their_tokens(survey: Survey, served_database: str) -> None:
    ended = {
        "expired": [survey.key(kind=kind) for kind in ("app", "service", "management")],
        "revoked": [survey.key(kind=kind) for kind in ("app", "service", "management")],
    }
    shown = {
        f"{why} {key['kind']}": survey.bearer(key) if key["kind"] == "service" else app_headers(key)
        for why, keys in ended.items()
        for key in keys
    }
    with psycopg.connect(served_database) as connection:
        ids = [key["id"] for key in ended["expired"]]
        connection.execute("UPDATE api_keys SET expires_at = now() WHERE key_id = ANY (%s)", (ids,))
    for key in ended["revoked"]:
        survey.revoke(key)
    for operation in GUARDED:
        for who, headers in shown.items():
            survey.expect(operation, headers, 401, who)
    survey.settle()


def test_every_permission_was_granted_and_refused(survey: Survey) -> None:
    assert survey.granted == set(Permission)
    assert survey.refused == set(Permission)


def test_what_takes_a_second_permission(survey: Survey) -> None:
    """A retry writes what the first action wrote, and a list as a file shows what the list shows."""
    api = survey.api
    parent = api.import_json([{"code": "BAD"}])
    api.ended(parent)
    managing = survey.key(scopes=["async-actions.manage", "async-actions.read", "exports.read", "customers.read"])
    headers = app_headers(managing)
    retry = f"/v1/async-actions/{parent}/retry"
    refused = survey.client.post(retry, headers=headers)
    assert (refused.status_code, "vouchers.write" in refused.json()["details"]) == (403, True)
    of_all = survey.client.post("/v1/async-actions/retry", headers=headers).json()
    assert of_all["done"] == []
    assert ["vouchers.write" in one["details"] for one in of_all["refused"] if one["id"] == parent] == [True]
    allowed = survey.key(scopes=["async-actions.manage", "vouchers.write"])
    assert survey.client.post(retry, headers=app_headers(allowed)).status_code == 202
    assert survey.client.get("/v1/lists/csv/customers", headers=headers).status_code == 200
    for row_type, permission in (("vouchers", "vouchers.read"), ("products", "products.read")):
        refused = survey.client.get(f"/v1/lists/csv/{row_type}", headers=headers)
        assert (refused.status_code, permission in refused.json()["details"]) == (403, True)
