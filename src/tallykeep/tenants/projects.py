"""Projects, the tenants, and the keys that each of them begins with."""

import secrets
import uuid
from dataclasses import dataclass, replace

import psycopg

from tallykeep.core.audit.entry import Entry
from tallykeep.core.audit.events import Event
from tallykeep.core.errors import TallykeepError
from tallykeep.core.ids import new_id
from tallykeep.core.settings import Settings
from tallykeep.db.connections.session import connect
from tallykeep.db.queries import queries
from tallykeep.tenants.audit.entries import add_entry_directly
from tallykeep.tenants.authenticate import token_hash
from tallykeep.tenants.permissions import Role

_sql = queries(__package__, "projects.sql")


@dataclass(frozen=True, slots=True)
class Keys:
    """A new project's keys in clear, to be shown once and never stored."""

    project: str
    app_id: str
    app_token: str
    management_id: str
    management_token: str


def ensure_first_project(database_url: str, settings: Settings) -> Keys | None:
    """Make the default project if there is none at all, and return its keys; else None."""
    with connect(database_url) as connection:
        connection.execute(_sql.lock_first_start)
        if connection.execute(_sql.any_project).fetchone() == (True,):
            return None
        return add_project(
            connection,
            "Default",
            new_keys(
                app_id=settings.app_id,
                app_token=settings.app_token,
                management_id=settings.management_id,
                management_token=settings.management_token,
            ),
            management_role=Role.OWNER,
        )


def add_keys_to_first_project(database_url: str) -> Keys:
    """Add keys to the first project, beside those it has; raise TallykeepError when there is no project."""
    with connect(database_url) as connection:
        row = connection.execute(_sql.first_project).fetchone()
        if row is None:
            raise TallykeepError("There is no project yet; start `tallykeep serve` once")
        project_id, public_id = row
        keys = replace(new_keys(), project=public_id)
        _add_keys(connection, project_id, keys, Role.OWNER)
        _tell(connection, project_id, keys)
        return keys


def _tell(connection: psycopg.Connection, project_id: int, keys: Keys) -> None:
    """Write entries of keys that were made on the server's machine, by whoever may do so there."""
    for kind, key_id in (("app", keys.app_id), ("management", keys.management_id)):
        details = {"kind": kind, "name": f"{kind} key", "command": "keys recover"}
        entry = Entry(project_id=project_id, event=Event.KEY_CREATE, door="server", resource_id=key_id, details=details)
        add_entry_directly(connection, entry)


def new_keys(**overrides: str | None) -> Keys:
    """Make keys for a new project: `overrides`, and random ones for the rest."""
    made = {
        "app_id": str(uuid.uuid4()),
        "app_token": secrets.token_urlsafe(24),
        "management_id": str(uuid.uuid4()),
        "management_token": secrets.token_urlsafe(24),
    }
    return Keys(project=new_id("proj_"), **(made | {name: value for name, value in overrides.items() if value}))


def add_project(connection: psycopg.Connection, name: str, keys: Keys, *, management_role: Role = Role.ADMIN) -> Keys:
    """Add a project with these keys, in the caller's transaction; its management key may be an owner."""
    added = connection.execute(_sql.add_project, {"id": keys.project, "name": name})
    (project_id,) = added.fetchone() or (None,)
    _add_keys(connection, project_id, keys, management_role)
    return keys


def _add_keys(connection: psycopg.Connection, project_id: int | None, keys: Keys, management_role: Role) -> None:
    for kind, key_id, token, role in (
        ("app", keys.app_id, keys.app_token, Role.ADMIN),
        ("management", keys.management_id, keys.management_token, management_role),
    ):
        connection.execute(
            _sql.add_key,
            {
                "key_id": key_id, "kind": kind, "project_id": project_id, "token_hash": token_hash(token),
                "name": f"{kind} key", "role": role.value,
            },
        )  # fmt: skip
