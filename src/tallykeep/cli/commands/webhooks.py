"""`tallykeep webhooks`: who hears of the project's actions, and what became of each event."""

import sys
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.text import Text

from tallykeep.cli.kit.client import Client
from tallykeep.cli.kit.connection import connected
from tallykeep.cli.kit.exits import InterruptedByUserError, UsageError
from tallykeep.cli.kit.phrases import when
from tallykeep.cli.kit.sending import AsJson
from tallykeep.cli.kit.show import aside, out, plain_table, print_json

cli = typer.Typer(no_args_is_help=True, help="Who hears of actions, by HTTP.")

ALL_EVENTS = ["async_action.started", "async_action.failures_exceeded", "async_action.ended"]
_STYLES = {"DELIVERED": "green", "GIVEN_UP": "red", "PENDING": "cyan"}

Id = Annotated[str, typer.Argument(metavar="ID", help="The webhook's id.")]
Events = Annotated[
    list[str] | None,
    typer.Option(
        "--event",
        help="An event to send; repeat as needed. Left out, a new webhook has start, end and many failures of all.",
    ),
]
Threshold = Annotated[
    float | None, typer.Option("--failure-threshold", help="Percent of failed rows that are many.", show_default=False)
]


def _path(client: Client, *segments: str) -> str:
    """Return the path of the project's webhooks, or of something below."""
    project = client.get("/management/v1/projects")["data"][0]["id"]
    return "/".join([f"/management/v1/projects/{project}/webhooks", *(quote(each, safe="") for each in segments)])


@cli.command("list")
@connected
def list_(client: Client, as_json: AsJson = False) -> None:
    """List the webhooks."""
    answer = client.get(_path(client))
    if as_json:
        print_json(answer)
        return
    table = plain_table("id", "state", "events", "target")
    for webhook in answer["data"]:
        table.add_row(webhook["id"], _state(webhook), f"{len(webhook['events'])}", Text(webhook["target_url"]))
    out().print(table if answer["data"] else "No webhooks.")


def _state(webhook: dict[str, Any]) -> Text:
    if not webhook["active"]:
        return Text("inactive" if webhook["disabled_reason"] is None else "disabled", style="yellow")
    return Text("failing", style="red") if webhook["failing_since"] else Text("active", style="green")


@cli.command()
@connected
def create(
    client: Client,
    target_url: Annotated[str, typer.Argument(metavar="URL", help="Where events are sent, by POST.")],
    event: Events = None,
    failure_threshold: Threshold = None,
    as_json: AsJson = False,
) -> None:
    """Make a webhook, and show its secret, this once."""
    body = {"target_url": target_url, "events": event or ALL_EVENTS, "failure_threshold": failure_threshold}
    made = client.post(_path(client), body)
    _show_secret(made, as_json=as_json)


@cli.command("rotate-secret")
@connected
def rotate_secret(client: Client, webhook_id: Id, as_json: AsJson = False) -> None:
    """Make a new secret, and show it, this once; the one before it is valid for another day."""
    _show_secret(client.post(_path(client, webhook_id, "secret")), as_json=as_json)


def _show_secret(webhook: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(webhook)
        return
    out().print(f"  {webhook['id']}", markup=False)
    aside().print("The secret is shown only once:", style="yellow")
    sys.stdout.write(f"{webhook['secret']}\n")


@cli.command()
@connected
def update(
    client: Client,
    webhook_id: Id,
    target_url: Annotated[str | None, typer.Option("--target-url", help="Another URL.", show_default=False)] = None,
    event: Events = None,
    active: Annotated[bool | None, typer.Option("--active/--inactive", help="Whether events are sent.")] = None,
    failure_threshold: Threshold = None,
    as_json: AsJson = False,
) -> None:
    """Change a webhook; what is left out stays as it is."""
    path = _path(client, webhook_id)
    known = client.get(path)
    body = {
        "target_url": target_url or known["target_url"],
        "events": event or known["events"],
        "active": active,
        "failure_threshold": failure_threshold,
    }
    changed = client.put(path, body)
    if as_json:
        print_json(changed)
    else:
        out().print(Text.assemble(f"  {webhook_id} is ", _state(changed)))


@cli.command()
@connected
def delete(
    client: Client, webhook_id: Id, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False
) -> None:
    """Delete a webhook; events that were not delivered so far are not sent any more."""
    if not yes:
        _confirm(webhook_id)
    client.delete(_path(client, webhook_id))
    out().print(f"  deleted {webhook_id}", markup=False)


def _confirm(webhook_id: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError(f"Say --yes to delete {webhook_id}: there is no terminal to confirm it")
    if not typer.confirm(f"Delete {webhook_id} for good?", err=True):
        raise InterruptedByUserError("Nothing was deleted.")


@cli.command()
@connected
def test(client: Client, webhook_id: Id, as_json: AsJson = False) -> None:
    """Send an event that tells of nothing, to see whether it arrives."""
    _show_queued(client.post(_path(client, webhook_id, "test")), webhook_id, as_json=as_json)


@cli.command()
@connected
def resend(
    client: Client,
    webhook_id: Id,
    event_id: Annotated[str, typer.Argument(metavar="EVENT_ID", help="As `deliveries` lists it.")],
    as_json: AsJson = False,
) -> None:
    """Send an event again, delivered or not, under the id that it has."""
    _show_queued(client.post(_path(client, webhook_id, "deliveries", event_id, "resend")), webhook_id, as_json=as_json)


def _show_queued(delivery: dict[str, Any], webhook_id: str, *, as_json: bool) -> None:
    if as_json:
        print_json(delivery)
        return
    out().print(f"  {delivery['id']} is queued; see tallykeep webhooks deliveries {webhook_id}", markup=False)


@cli.command()
@connected
def deliveries(
    client: Client,
    webhook_id: Id,
    status: Annotated[str | None, typer.Option(help="pending, delivered or given_up.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20,
    page: Annotated[int, typer.Option(min=1, max=100, help="Which page.")] = 1,
    as_json: AsJson = False,
) -> None:
    """List what was sent, or is to be, newest first."""
    query = {"limit": limit, "page": page, **({"status": status.upper()} if status else {})}
    answer = client.get(_path(client, webhook_id, "deliveries"), **query)
    if as_json:
        print_json(answer)
        return
    table = plain_table("event id", "event", "status", "attempts", "created", "next attempt", "last error")
    table.columns[1].overflow, table.columns[1].no_wrap = "fold", False
    table.columns[6].overflow, table.columns[6].no_wrap = "fold", False
    for each in answer["data"]:
        next_attempt = when(each["next_attempt_at"]) if each["next_attempt_at"] else ""
        status_text = Text(each["status"], style=_STYLES[each["status"]])
        table.add_row(
            each["id"], each["event"], status_text, f"{each['attempts']}", when(each["created_at"]),
            next_attempt, Text(each["last_error"] or ""),
        )  # fmt: skip
    out().print(table if answer["data"] else "No deliveries.")
