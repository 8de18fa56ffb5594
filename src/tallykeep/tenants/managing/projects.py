"""Projects as the management API has them: created, listed, found and changed by keys that reach them.

A key reaches its own project. An owner's, with the permission `installation.manage`, reaches all of them.
"""

from dataclasses import replace
from typing import Any

from psycopg.types.json import Jsonb

from tallykeep.core.errors import ConflictError, ForbiddenError, NotFoundError, UnauthorizedError
from tallykeep.db.connections.pool import Connection, Connections
from tallykeep.db.queries import queries
from tallykeep.tenants.authenticate import quotas_of, token_hash
from tallykeep.tenants.callers import Caller
from tallykeep.tenants.managing.fields import NEW, read_fields, shown_project
from tallykeep.tenants.permissions import Permission, Role, permissions_of
from tallykeep.tenants.projects import new_keys

_sql = queries(__package__, "projects.sql")

MAX_PROJECTS = 1_000

Row = dict[str, Any]


async def reach(connections: Connections, caller: Caller, project: str, *, deleted: bool = False) -> Caller:
    """Return the caller as it asks for this project, by its id in the wire format; with `deleted`, also for one that is
    gone.

    Raises NotFoundError for a project that there is none of, or none that the caller reaches.
    """
    row = await _find(connections, project) if _reaches_all(caller) else None
    if row is None or (row["is_deleted"] and not deleted):
        raise NotFoundError.of("project", project)
    of_project = {"project_id": row["project_id"], "project": row["id"], "is_closed": row["is_closed"]}
    return caller._replace(grant=replace(caller.grant, **of_project, quotas=quotas_of(row)))


async def _find(connections: Connections, project: str) -> Row | None:
    async with connections.connection() as connection:
        return await (await connection.execute(_sql.find_project, {"id": project})).fetchone()


def _reaches_all(caller: Caller) -> bool:
    return Permission.INSTALLATION_MANAGE in caller.grant.permissions


async def list_projects(connection: Connection, caller: Caller) -> dict[str, Any]:
    """Return the projects that the caller reaches, oldest first, in wire format."""
    params = {"project_id": None if _reaches_all(caller) else caller.project_id}
    rows = await (await connection.execute(_sql.list_projects, params)).fetchall()
    shown = list(map(shown_project, rows))
    return {"object": "list", "data_ref": "data", "data": shown, "total": len(shown)}


async def get_project(connection: Connection, manager: Caller) -> dict[str, Any]:
    """Return the project in wire format; raises NotFoundError where it was deleted."""
    row = await (await connection.execute(_sql.get_project, {"project_id": manager.project_id})).fetchone()
    if row is None:
        raise NotFoundError.of("project", manager.project)
    return shown_project(row)


async def create_project(connection: Connection, owner: Caller, body: dict[str, Any]) -> dict[str, Any]:
    """Create a project with two keys, whose tokens are returned with it, and are not kept and never shown again.

    They are admins of it, with the scopes, the expiry and the addresses of the owner's key. Raises InvalidPayloadError
    for fields that cannot be taken, ConflictError where there are too many projects, ForbiddenError where the owner's
    key has nothing to give, UnauthorizedError where it is gone. A transaction is open on `connection`.
    """
    fields = read_fields(body, NEW)
    limits = await _limits_of_own_key(connection, owner)
    keys = new_keys()
    params = {
        **fields,
        **limits,
        "client_settings": Jsonb(fields["client_settings"]),
        "id": keys.project,
        "max_projects": MAX_PROJECTS,
        "kinds": ["app", "management"],
        "key_ids": [keys.app_id, keys.management_id],
        "token_hashes": [token_hash(keys.app_token), token_hash(keys.management_token)],
    }
    await connection.execute(_sql.lock_number)
    row = await (await connection.execute(_sql.add_project, params)).fetchone()
    if row is None:
        raise ConflictError(f"There are {MAX_PROJECTS:,} projects; delete one of them first")
    return {
        **shown_project(row),
        "server_side_key": {"app_id": keys.app_id, "app_token": keys.app_token},
        "client_side_key": None,
        "management_key": {"management_id": keys.management_id, "management_token": keys.management_token},
    }


async def _limits_of_own_key(connection: Connection, owner: Caller) -> Row:
    """Return the scopes, expiry and addresses that keys have at most which the owner's key makes."""
    own = {"project_id": owner.project_id, "kind": owner.key_kind, "key_id": owner.key_id}
    row = await (await connection.execute(_sql.lock_own_key, own)).fetchone()
    if row is None:
        raise UnauthorizedError("The key was revoked while it asked")
    permitted = permissions_of(row["role"], row["scopes"])
    if Permission.INSTALLATION_MANAGE not in permitted:
        raise ForbiddenError("The key was changed while it asked: it may not create projects any more")
    given = permitted & permissions_of(Role.ADMIN)
    if not given:
        raise ForbiddenError(
            f"No key gives what it lacks; this one has nothing but {Permission.INSTALLATION_MANAGE}, so the"
            " project's first keys could do nothing"
        )
    scopes = None if row["scopes"] is None else sorted(map(str, given))
    return {"scopes": scopes, "expires_at": row["expires_at"], "addresses": row["addresses"]}


async def update_project(connection: Connection, manager: Caller, body: dict[str, Any]) -> tuple[Row, Row]:
    """Change the fields that the body names; what it leaves out stays. Returns the project in wire format, as it was
    before and as it is now.

    Raises InvalidPayloadError, and NotFoundError where it was deleted meanwhile. A transaction is open on `connection`.
    """
    before = await (await connection.execute(_sql.lock_project, {"project_id": manager.project_id})).fetchone()
    if before is None:
        raise NotFoundError.of("project", manager.project)
    fields = read_fields(body, before)
    params = {**fields, "client_settings": Jsonb(fields["client_settings"]), "project_id": manager.project_id}
    row = await (await connection.execute(_sql.update_project, params)).fetchone()
    return shown_project(before), shown_project(row or before)
