"""`tallykeep actions`: look at asynchronous actions."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from tallykeep.cli.client import DEFAULT_URL, AppId, AppToken, Client, Url, connection, read_chunks, refusals_shown
from tallykeep.cli.imports import DryRun, MaxFailures, Policy, exit_code, wishes_of
from tallykeep.cli.show import bars, failure_groups, listed, tally, watched
from tallykeep.model import OnError

cli = typer.Typer(no_args_is_help=True, help="Look at asynchronous actions, cancel and retry them.")

Unprocessed = Annotated[
    bool, typer.Option("--include-unprocessed", help="Also the rows left when it was canceled or stopped.")
]
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
        page = client.get("/v1/async-actions", limit=limit)
    if as_json:
        typer.echo(json.dumps(page, indent=2))
        return
    Console().print(listed(page["async_actions"]))


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
        action = client.get(f"/v1/async-actions/{action_id}")
        if as_json:
            typer.echo(json.dumps(action, indent=2))
        else:
            Console().print(tally(action, failure_groups(client, action)))


@cli.command()
def watch(action_id: str, url: Url = DEFAULT_URL, app_id: AppId = None, app_token: AppToken = None) -> None:
    """Watch an action until it ends."""
    with _client(url, app_id, app_token) as client:
        _watch(client, action_id)


@cli.command()
def cancel(action_id: str, url: Url = DEFAULT_URL, app_id: AppId = None, app_token: AppToken = None) -> None:
    """End an action now: rows done stay done, the others are left unprocessed."""
    with _client(url, app_id, app_token) as client:
        action = client.post(f"/v1/async-actions/{action_id}/cancel")
        Console().print(tally(action, failure_groups(client, action)))


@cli.command()
def retry(
    action_id: str,
    file: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="Mended rows, instead of the failed ones.")
    ] = None,
    include_unprocessed: Unprocessed = False,
    dry_run: DryRun = False,
    on_error: Policy = OnError.CONTINUE,
    max_failures: MaxFailures = None,
    url: Url = DEFAULT_URL,
    app_id: AppId = None,
    app_token: AppToken = None,
) -> None:
    """Retry an action's failed rows as a new action, and watch it."""
    with _client(url, app_id, app_token) as client:
        query = wishes_of(dry_run, on_error, max_failures) | {"include_unprocessed": include_unprocessed}
        path = f"/v1/async-actions/{action_id}/retry"
        if file is None:
            started = str(client.post(path, **query)["async_action_id"])
        else:
            with file.open("rb") as content:
                started = client.submit_file(path, file, read_chunks(content), **query)
        raise typer.Exit(exit_code([_watch(client, started)]))


@cli.command()
def failures(
    action_id: str,
    to: Annotated[Path | None, typer.Option("--to", dir_okay=False, help="A file, .csv or .ndjson.")] = None,
    include_unprocessed: Unprocessed = False,
    url: Url = DEFAULT_URL,
    app_id: AppId = None,
    app_token: AppToken = None,
) -> None:
    """The failed rows as they were sent, with row and reason: mend them, and import or retry them."""
    ending = ".ndjson" if to is not None and to.suffix == ".ndjson" else ".csv"
    path = f"/v1/async-actions/{action_id}/failures{ending}"
    with _client(url, app_id, app_token) as client:
        chunks = client.download(path, include_unprocessed=include_unprocessed)
        first = next(chunks, b"")  # a refusal comes before a file is overwritten
        with to.open("wb") if to else nullcontext(sys.stdout.buffer) as out:
            out.write(first)
            out.writelines(chunks)


def _watch(client: Client, action_id: str) -> dict[str, Any]:
    console = Console()
    client.get(f"/v1/async-actions/{action_id}")  # refused before there is a bar
    with bars(console) as progress:
        action = watched(progress, client, action_id)
    console.print(tally(action, failure_groups(client, action)))
    return action


@contextmanager
def _client(url: str, app_id: str | None, app_token: str | None) -> Iterator[Client]:
    with refusals_shown(), Client(connection(url, app_id, app_token)) as client:
        yield client
