"""`tallykeep audit`: the project's audit log, over the API."""

from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.text import Text

from tallykeep.cli.kit.client import Client
from tallykeep.cli.kit.connection import Connection, with_connection
from tallykeep.cli.kit.exits import RefusedError
from tallykeep.cli.kit.phrases import when
from tallykeep.cli.kit.sending import AsJson
from tallykeep.cli.kit.show import aside, out, plain_table, print_json

cli = typer.Typer(no_args_is_help=True, help="The audit log: who did what, or tried to.")

_PER_PAGE = 100
_OUTCOME_STYLES = {"success": "green", "failed": "yellow", "refused": "red"}

Filter = Annotated[str | None, typer.Option(show_default=False)]


@cli.command("list")
@with_connection
def list_(
    connection: Connection,
    event: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Only these events, such as campaign.delete,key.create.")
    ] = None,
    outcome: Annotated[str | None, typer.Option(help="Only with this outcome: success, failed or refused.")] = None,
    key: Annotated[str | None, typer.Option(metavar="ID", help="Only of this key.")] = None,
    action: Annotated[str | None, typer.Option(metavar="ID", help="Only about this action.")] = None,
    resource: Annotated[str | None, typer.Option(metavar="ID", help="Only about this resource.")] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Only from this time on: 2026-01-31.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Only before this time.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    project: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Of this project, with a management key; an owner's also of a deleted one."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List entries, the newest first."""
    query = {
        "event": event, "outcome": outcome, "key": key, "action_id": action, "resource_id": resource, "from": since,
        "to": until,
    }  # fmt: skip
    wanted = {name: value for name, value in query.items() if value is not None}
    path = f"/management/v1/projects/{quote(project, safe='')}/audit-log" if project else "/v1/audit-log"
    managing = project or not connection.has_keys
    with connection.manager() if managing else connection.client() as client:
        entries, has_more = _entries(client, path, wanted, limit)
        names = {} if as_json else _key_names(client, entries)
    if as_json:
        print_json(entries)
        return
    table = plain_table("number", "when", "event", "outcome", "key", "from", "about")
    for entry in entries:
        table.add_row(*_cells(entry, names))
    out().print(table)
    if has_more:
        aside().print(f"  the newest {limit}; --limit shows more", style="dim")


def _entries(client: Client, path: str, wanted: dict[str, str], limit: int) -> tuple[list[dict[str, Any]], bool]:
    """Return the newest entries, and whether there are more."""
    entries: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        answer = client.get(path, **wanted, **after, limit=min(_PER_PAGE, limit - len(entries)))
        entries += answer["data"]
        if not answer["has_more"] or len(entries) >= limit:
            return entries, bool(answer["has_more"])
        after = {"starting_after_id": answer["more_starting_after"]}


def _key_names(client: Client, entries: list[dict[str, Any]]) -> dict[str, str]:
    """Return what the keys of the entries are called; those that were revoked, or may not be seen, are left out."""
    if not any(entry["key_id"] for entry in entries):
        return {}
    try:
        return {key["id"]: key["name"] for key in client.get("/v1/keys")["keys"]}
    except RefusedError:
        return {}


def _cells(entry: dict[str, Any], names: dict[str, str]) -> tuple[Text | str, ...]:
    key = entry["key_id"] or ""
    if name := names.get(key):
        key = f"{name} ({key})"
    return (
        str(entry["number"] or ""), when(entry["created_at"]), entry["event"], _outcome(entry), Text(key),
        Text(entry["address"] or entry["door"]), Text(_about(entry)),
    )  # fmt: skip


def _outcome(entry: dict[str, Any]) -> Text:
    """Return how it ended; of a refusal also its status, and the permission that was lacking."""
    details = entry["details"]
    outcome = Text(entry["outcome"], style=_OUTCOME_STYLES[entry["outcome"]])
    if status := details.get("status"):
        outcome.append(f" {status}")
    if permission := details.get("permission"):
        outcome.append(f", lacks {permission}")
    if details.get("unchanged"):
        outcome.append(", unchanged")
    if (count := details.get("count", 1)) > 1:
        outcome.append(f" {count} times")
    return outcome


def _about(entry: dict[str, Any]) -> str:
    """Return what an entry is about: the request, where it was refused, and the resource."""
    details = entry["details"]
    return " ".join(filter(None, (details.get("method"), details.get("path"), entry["resource_id"])))
