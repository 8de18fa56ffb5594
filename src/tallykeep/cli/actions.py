"""`tallykeep actions`: look at asynchronous actions."""

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from tallykeep.cli.client import DEFAULT_URL, AppId, AppToken, Client, ClientError, Url, connection
from tallykeep.cli.show import bars, failure_groups, tally, watched

cli = typer.Typer(no_args_is_help=True, help="Look at asynchronous actions.")

AsJson = Annotated[bool, typer.Option("--json", help="Print the API's JSON.")]


@cli.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, max=100)] = 10,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    app_id: AppId = None,
    app_token: AppToken = None,
) -> None:
    """List the newest actions."""
    with _client(url, app_id, app_token) as client:
        page = _or_exit(client, "/v1/async-actions", limit=limit)
    if as_json:
        typer.echo(json.dumps(page, indent=2))
        return
    table = Table(box=None, padding=(0, 2), header_style="bold")
    table.add_column("id", no_wrap=True, min_width=21)
    for title in ("type", "status", "progress", "created at"):
        table.add_column(title, overflow="fold")
    for action in page["async_actions"]:
        table.add_row(action["id"], action["type"], action["status"], f"{action['progress']} %", action["created_at"])
    Console().print(table)


@cli.command()
def show(
    action_id: str,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    app_id: AppId = None,
    app_token: AppToken = None,
) -> None:
    """Show one action: its tally and its failures by reason."""
    with _client(url, app_id, app_token) as client:
        action = _or_exit(client, f"/v1/async-actions/{action_id}")
        if as_json:
            typer.echo(json.dumps(action, indent=2))
        else:
            Console().print(tally(action, failure_groups(client, action)))


@cli.command()
def watch(action_id: str, url: Url = DEFAULT_URL, app_id: AppId = None, app_token: AppToken = None) -> None:
    """Watch an action until it ends."""
    console = Console()
    with _client(url, app_id, app_token) as client:
        _or_exit(client, f"/v1/async-actions/{action_id}")
        try:
            with bars(console) as progress:
                action = watched(progress, client, action_id)
            console.print(tally(action, failure_groups(client, action)))
        except ClientError as error:
            raise _refused(error) from None


def _client(url: str, app_id: str | None, app_token: str | None) -> Client:
    try:
        return Client(connection(url, app_id, app_token))
    except ClientError as error:
        raise _refused(error) from None


def _or_exit(client: Client, path: str, **query: Any) -> dict[str, Any]:
    try:
        return client.get(path, **query)
    except ClientError as error:
        raise _refused(error) from None


def _refused(error: ClientError) -> typer.Exit:
    typer.secho(f"tallykeep: {error}", fg="red", err=True)
    return typer.Exit(1)
