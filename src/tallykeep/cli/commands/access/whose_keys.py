"""Which of the keys at hand `tallykeep keys` asks with, and which project they are of."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from tallykeep.cli.kit.client import Client
from tallykeep.cli.kit.connection import Connection, with_client
from tallykeep.cli.kit.exits import CliError, RefusedError, UsageError


def managing_keys(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command as `managing` does; it ends where the keys at hand are of different projects, and nothing says
    which is meant.
    """
    return with_client(command, _manager)


def named_project(client: Client, project_id: str) -> str:
    """Return how to name a project to people: with its name, where the server tells it."""
    try:
        project = client.get(f"/management/v1/projects/{quote(project_id, safe='')}")
    except CliError:
        return project_id
    return f"{project['name']} ({project_id})"


def find_projects(
    connection: Connection, ask: Callable[[Client, str], Any] = Client.get
) -> tuple[str | None, str | None]:
    """Return the ids of the projects that the application keys and the management keys are of; None where the server
    refuses them, or does not say. Raises CliError where it does not answer, ValueError without management keys.
    """
    if connection.management is None:
        raise ValueError("there are no management keys to compare with")
    return _project_of(connection.client(), ask), _project_of(connection.management.client(), ask)


def _manager(connection: Connection) -> Client:
    if connection.is_ambiguous:
        _require_same_project(connection)
    return connection.manager()


def _require_same_project(connection: Connection) -> None:
    app_project, management_project = find_projects(connection)
    if connection.management is None or not app_project or not management_project or app_project == management_project:
        return
    with connection.client() as client:
        app_project = named_project(client, app_project)
    with connection.management.client() as client:
        management_project = named_project(client, management_project)
    raise UsageError(
        f"Which project is meant? TALLYKEEP_APP_ID is a key of {app_project}, TALLYKEEP_MANAGEMENT_ID one of"
        f" {management_project}. For {app_project}: unset TALLYKEEP_MANAGEMENT_ID, or pass --app-id and --app-token, or"
        f" --profile. For {management_project}: unset TALLYKEEP_APP_ID and TALLYKEEP_APP_TOKEN"
    )


def _project_of(client: Client, ask: Callable[[Client, str], Any]) -> str | None:
    with client:
        try:
            project_id: str | None = ask(client, "/v1/keys/current").get("project_id")
        except RefusedError:
            return None
    return project_id
