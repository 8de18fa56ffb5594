"""`tallykeep projects`: the projects that the keys reach; created, changed and deleted with management keys."""

import shlex
import sys
import time
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.table import Table
from rich.text import Text
from typer.core import TyperGroup

from tallykeep.cli.kit.client import Client
from tallykeep.cli.kit.connection import managing
from tallykeep.cli.kit.exits import EXIT_CODES, ExitCode, InterruptedByUserError, RefusedError, UsageError
from tallykeep.cli.kit.phrases import counted, rows, when
from tallykeep.cli.kit.sending import AsJson
from tallykeep.cli.kit.show import aside, command, out, plain_table, print_json

_PATH = "/management/v1/projects"
_PAUSE_SECONDS = 0.5
_ENDED = ("DONE", "FAILED")
_LAST_ROWS = 1_000  # so few take no time: the project is gone, rather than its key ended in between


class _ListByDefault(TyperGroup):
    """Lists where no other command is named."""

    def parse_args(self, context: Any, args: list[str]) -> list[str]:
        """Put `list` in front of options that come without a command."""
        is_bare = not args or (args[0].startswith("-") and args[0] not in ("--help", "-h"))
        return super().parse_args(context, ["list", *args] if is_bare else args)


cli = typer.Typer(
    cls=_ListByDefault,
    help="The projects that the keys reach. They are created, changed and deleted with keys of the management API: set"
    " TALLYKEEP_MANAGEMENT_ID and TALLYKEEP_MANAGEMENT_TOKEN.",
)

ProjectId = Annotated[str, typer.Argument(metavar="ID", help="The project's id.")]
Description = Annotated[str | None, typer.Option(help="What it is for.", show_default=False)]
Timezone = Annotated[str | None, typer.Option(help="Such as Europe/Vienna, or GMT+2.", show_default=False)]
Currency = Annotated[str | None, typer.Option(help="A code of ISO 4217, such as EUR.", show_default=False)]
_OF_SETTINGS = "default"
_QUOTAS = {"rows_per_day": "rows a day", "stored_rows": "stored rows", "open_actions": "open actions"}
RowsPerDay = Annotated[
    str | None,
    typer.Option(
        "--max-rows-per-day",
        help=f"Rows that it may submit a day, with an owner's key. «{_OF_SETTINGS}»: as the server's settings say.",
        show_default=False,
    ),
]
StoredRows = Annotated[
    str | None, typer.Option("--max-stored-rows", help="Resources that it may have; the same.", show_default=False)
]
OpenActions = Annotated[
    str | None,
    typer.Option("--max-open-actions", help="Actions that may be unfinished; the same.", show_default=False),
]


@cli.command("list")
@managing
def list_(client: Client, as_json: AsJson = False) -> None:
    """List the projects: all of them with an owner's key, else the one that the keys belong to."""
    answer = client.get(_PATH)
    if as_json:
        print_json(answer)
        return
    table = plain_table("id", "name", "created", "")
    for project in answer["data"]:
        table.add_row(project["id"], Text(project["name"]), when(project["created_at"]), _state(project))
    out().print(table)


@cli.command()
@managing
def show(client: Client, project_id: ProjectId, as_json: AsJson = False) -> None:
    """Show a project."""
    project = client.get(_path(project_id))
    if as_json:
        print_json(project)
    else:
        out().print(_facts(project))


@cli.command()
@managing
def create(
    client: Client,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called.")],
    description: Description = None,
    timezone: Timezone = None,
    currency: Currency = None,
    rows_per_day: RowsPerDay = None,
    stored_rows: StoredRows = None,
    open_actions: OpenActions = None,
    as_json: AsJson = False,
) -> None:
    """Create a project, with an owner's key, and show the tokens of its first keys, this once."""
    quotas = _quotas(rows_per_day, stored_rows, open_actions)
    created = client.post(_PATH, {"name": name, **_chosen(description, timezone, currency), **quotas})
    if as_json:
        print_json(created)
        return
    out().print(f"  created {created['id']}", markup=False)
    aside().print("The tokens are shown only once:", style="yellow")
    for prefix, key in (("APP", created["server_side_key"]), ("MANAGEMENT", created["management_key"])):
        key_id, token = map(shlex.quote, key.values())
        sys.stdout.write(f"export TALLYKEEP_{prefix}_ID={key_id} TALLYKEEP_{prefix}_TOKEN={token}\n")


@cli.command()
@managing
def update(
    client: Client,
    project_id: ProjectId,
    name: Annotated[str | None, typer.Option(help="What it is called.", show_default=False)] = None,
    description: Description = None,
    timezone: Timezone = None,
    currency: Currency = None,
    rows_per_day: RowsPerDay = None,
    stored_rows: StoredRows = None,
    open_actions: OpenActions = None,
    as_json: AsJson = False,
) -> None:
    """Change a project; what is left out stays."""
    quotas = _quotas(rows_per_day, stored_rows, open_actions)
    fields = ({"name": name} if name else {}) | _chosen(description, timezone, currency) | quotas
    if not fields:
        raise UsageError(
            "Say what to change: --name, --description, --timezone, --currency, --max-rows-per-day, --max-stored-rows"
            " or --max-open-actions"
        )
    updated = client.put(_path(project_id), fields)
    if as_json:
        print_json(updated)
    else:
        out().print(f"  changed {updated['id']}", markup=False)


@cli.command(help=f"Delete a project and all that it holds, for good, and watch it.\n\n{EXIT_CODES}")
@managing
def delete(
    client: Client,
    project_id: ProjectId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Return as soon as the deletion has begun.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run `tallykeep projects delete`."""
    if not yes:
        _confirm(client, project_id)
    goes_along = None if no_wait else _goes_along(client)
    client.delete(_path(project_id))
    deletion = client.get(f"{_path(project_id)}/deletion") if no_wait else _ended(client, project_id, goes_along)
    if as_json:
        print_json(deletion)
    else:
        _tell(deletion)
    raise typer.Exit(ExitCode.DONE if no_wait or _is_deleted(deletion) else ExitCode.ROWS_LEFT)


def _goes_along(client: Client) -> bool | None:
    """Return whether the key that asks works until the project is gone; None where that cannot be told.

    An owner's key stays, and one may end by itself.
    """
    try:
        keys = client.get("/v1/keys")["keys"]
    except RefusedError:
        return None
    own = next((key for key in keys if key["current"]), None)
    if own is None:
        return None
    if own["role"] == "owner":
        return False
    return True if own["expires_at"] is None else None


def _ended(client: Client, project_id: str, goes_along: bool | None) -> dict[str, Any]:
    """Return the deletion once it has ended. Keys of the project go with it: then what was known last is returned.

    Raises RefusedError where the key is refused, and that may be for another reason.
    """
    deletion = client.get(f"{_path(project_id)}/deletion")
    while deletion["status"] not in _ENDED:
        time.sleep(_PAUSE_SECONDS)
        try:
            deletion = client.get(f"{_path(project_id)}/deletion")
        except RefusedError as refused:
            if refused.status != 401:
                raise
            left = deletion["total_count"] - deletion["done_count"]
            is_nearly_done = deletion["counted"] and left <= _LAST_ROWS
            if not (is_nearly_done if goes_along is None else goes_along):
                raise _unknown(deletion) from None
            return {**deletion, "status": "DONE"} | (
                {"done_count": deletion["total_count"]} if deletion["counted"] else {}
            )
    return deletion


def _unknown(deletion: dict[str, Any]) -> RefusedError:
    again = deletion["project_id"]
    return RefusedError(
        f"The key is refused now; {_progress(deletion)} were deleted when it was last asked, and whether that goes"
        f" on is not known. Ask with an owner's key: {command('projects', 'delete', again)}",
        401,
    )


def _progress(deletion: dict[str, Any]) -> str:
    """Say how many rows are deleted, of how many as far as that is known."""
    done, total = deletion["done_count"], deletion["total_count"]
    counting = f"{rows(done)}, while they were still being counted,"
    return f"{done:,} of {rows(total)}" if deletion["counted"] else counting


def _is_deleted(deletion: dict[str, Any]) -> bool:
    is_done = deletion["status"] == "DONE" and not deletion["failed_count"]
    return is_done or deletion["deleted_at"] is not None


def _tell(deletion: dict[str, Any]) -> None:
    which = f"{deletion['project_name']} ({deletion['project_id']})"
    if _is_deleted(deletion):
        # A key that went along with the project may have seen nothing of the counting.
        how_many = f": {rows(deletion['done_count'])}" if deletion["counted"] else ""
        out().print(Text(f"  deleted {which}{how_many}"))
        return
    so_far = _progress(deletion) if deletion["counted"] else "its rows are being counted"
    out().print(Text(f"  deleting {which}: {so_far}"))
    if deletion["status"] in _ENDED:
        reason = deletion["reason"] or f"{rows(deletion['failed_count'])} could not be deleted"
        again = command("projects", "delete", deletion["project_id"])
        aside().print(Text(f"It ended early: {reason}. Begin anew: {again}", style="red"))


def _confirm(client: Client, project_id: str) -> None:
    name = client.get(_path(project_id))["name"]
    usage = client.get(f"{_path(project_id)}/usage")
    more = usage["at_least"]
    held = ", ".join(_counted(what, count, what in more) for what, count in usage["counts"].items() if count)
    total = f"{'at least' if more else 'about'} {rows(usage['total'])}"
    extent = f"the project {name} ({project_id}) with {total} at the moment ({held}), for good"
    if not sys.stdin.isatty():
        raise UsageError(f"This would delete {extent}; there is no terminal to confirm it: say --yes")
    if typer.prompt(f"This deletes {extent}. Type its name, {name}, to continue", err=True) != name:
        raise InterruptedByUserError("That is not its name: nothing was deleted.")


def _counted(what: str, count: int, is_more: bool) -> str:
    """Return «1 customer», «2 categories», «9 or more bin entries»: the API names what it counts in the plural."""
    plural = what.replace("_", " ")
    if is_more:
        return f"{count:,} or more {plural}"
    singular = f"{plural[:-3]}y" if plural.endswith("ies") else plural.removesuffix("s")
    return counted(count, singular, plural)


def _chosen(description: str | None, timezone: str | None, currency: str | None) -> dict[str, Any]:
    fields = {"description": description, "timezone": timezone, "currency": currency}
    return {name: value for name, value in fields.items() if value is not None}


def _quotas(*given: str | None) -> dict[str, Any]:
    """Return the field of a project with the quotas that were given; empty where none was."""
    chosen = {name: text for name, text in zip(_QUOTAS, given, strict=True) if text is not None}
    return {"quotas": {name: _quota(name, text) for name, text in chosen.items()}} if chosen else {}


def _quota(name: str, text: str) -> int | None:
    if text == _OF_SETTINGS:
        return None
    if not text.isascii() or not text.isdecimal():
        raise UsageError(f"--max-{name.replace('_', '-')} {text}: say a number, or «{_OF_SETTINGS}»")
    return int(text)


def _facts(project: dict[str, Any]) -> Table:
    table = Table(box=None, padding=(0, 2), show_header=False)
    for name in ("id", "name", "description", "timezone", "currency"):
        if project[name]:
            table.add_row(Text(name, style="dim"), Text(project[name], overflow="fold"))
    for name, label in _QUOTAS.items():
        if project["quotas"][name]:
            table.add_row(Text(label, style="dim"), Text(f"{project['quotas'][name]:,} at most"))
    table.add_row(Text("created", style="dim"), Text(when(project["created_at"])))
    if project["deletion"]:
        table.add_row(Text("state", style="dim"), _state(project))
    return table


def _state(project: dict[str, Any]) -> Text:
    return Text("being deleted" if project["deletion"] else "", style="red")


def _path(project_id: str) -> str:
    return f"{_PATH}/{quote(project_id, safe='')}"
