"""`tallykeep audit`: the project's audit log, over the API."""

from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.text import Text

from tallykeep.cli.kit.client import Client
from tallykeep.cli.kit.connection import Connection, with_connection
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
    with connection.manager() if project else connection.require_keys().client() as client:
        entries, has_more = _entries(client, path, wanted, limit)
    if as_json:
        print_json(entries)
        return
    table = plain_table("number", "when", "event", "outcome", "key", "from", "about")
    for entry in entries:
        table.add_row(*_cells(entry))
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


def _cells(entry: dict[str, Any]) -> tuple[Text | str, ...]:
    outcome = Text(entry["outcome"], style=_OUTCOME_STYLES[entry["outcome"]])
    if entry["details"].get("unchanged"):
        outcome.append(", unchanged")
    if count := entry["details"].get("count", 1) - 1:
        outcome.append(f" {count + 1} times")
    return (
        str(entry["number"] or ""), when(entry["created_at"]), entry["event"], outcome, Text(entry["key_id"] or ""),
        Text(entry["address"] or entry["door"]), Text(entry["resource_id"] or entry["details"].get("path", "")),
    )  # fmt: skip
