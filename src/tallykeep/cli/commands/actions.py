"""`tallykeep actions`: show asynchronous actions, cancel and retry them."""

import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from tallykeep.cli.kit.client import Client, Submitted
from tallykeep.cli.kit.connection import connected, find_connection
from tallykeep.cli.kit.exits import EXIT_CODES, CliError, RefusedError, UsageError, exit_code
from tallykeep.cli.kit.option_flags import OfFile, OfSubmission, as_parameters
from tallykeep.cli.kit.progress import Bars
from tallykeep.cli.kit.sending import (
    Again,
    AsJson,
    FailedTo,
    Key,
    NoWait,
    Outcome,
    completed,
    follow,
    key_for,
    new_key,
    require_ending,
    send,
    show_outcome,
    show_started,
    write_file,
)
from tallykeep.cli.kit.show import action_table, aside, facts, failure_groups, out, print_json, tally
from tallykeep.cli.kit.sources import FileToSend, open_file

cli = typer.Typer(no_args_is_help=True, help="Show asynchronous actions, cancel and retry them.")

NEWEST = "last"


def _recent_ids(incomplete: str) -> list[str]:
    """Return the newest actions' ids that begin like this, for the shell; none where the server cannot be asked."""
    try:
        with find_connection().require_keys().client() as client:
            page = client.get("/v1/async-actions", limit=30)
    except CliError:
        return []
    names = [NEWEST, *(str(action["id"]) for action in page["async_actions"])]
    return [name for name in names if name.startswith(incomplete)]


ActionId = Annotated[
    str, typer.Argument(metavar="ID", help="An action's id; «last» is the newest.", autocompletion=_recent_ids)
]
OptionalId = Annotated[
    str, typer.Argument(metavar="[ID]", help="An action's id; the newest, if left out.", autocompletion=_recent_ids)
]
Unprocessed = Annotated[
    bool, typer.Option("--include-unprocessed", help="Also the rows left unprocessed when it was canceled or stopped.")
]


@cli.command("list")
@connected
def list_(
    client: Client,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 10,
    type_: Annotated[
        str | None, typer.Option("--type", help="Action types, separated by commas, such as VOUCHERS.IMPORT_CSV.")
    ] = None,
    status: Annotated[
        str | None, typer.Option(help="ENQUEUED, IN_PROGRESS, DONE or FAILED; separate several by commas.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="From this date or time on, such as 2026-09-01.")] = None,
    until: Annotated[str | None, typer.Option(help="Before this date or time.")] = None,
    after: Annotated[str | None, typer.Option(help="The page after this action.")] = None,
    as_json: AsJson = False,
) -> None:
    """List actions, newest first."""
    filters = {"type": type_ and type_.upper(), "status": status and status.upper().replace("-", "_"),
             "start_date": since, "end_date": until, "starting_after_id": after}  # fmt: skip
    query = {name: value for name, value in filters.items() if value is not None}
    page = client.get("/v1/async-actions", limit=limit, **query)
    if as_json:
        print_json(page)
        return
    if not page["async_actions"]:
        out().print("No actions. Start one: tallykeep import FILE" if not query else "No such actions.")
        return
    out().print(action_table(page["async_actions"]))
    if page["more_starting_after"]:
        aside().print(f"[dim]more: --after {page['more_starting_after']}[/dim]")


@cli.command()
@connected
def show(client: Client, action_id: OptionalId = NEWEST, as_json: AsJson = False) -> None:
    """Show one action: what it was, its tally and its failures by reason."""
    action = _find(client, action_id)
    if as_json:
        print_json(action)
        return
    out().print(facts(action))
    out().print(tally(action, failure_groups(client, action)))


@cli.command(help=f"Watch an action until it ends.\n\n{EXIT_CODES}")
@connected
def watch(client: Client, action_id: OptionalId = NEWEST, failed_to: FailedTo = None, as_json: AsJson = False) -> None:
    """Run `tallykeep actions watch`."""
    action = _find(client, action_id)  # refused before a bar is shown
    with Bars(aside()) as bars:
        action = follow(client, bars, action["id"])
    outcome = completed(client, action, Submitted(action["id"], replayed=False, answer={}), failed_to)
    if as_json:
        print_json(action)
    else:
        show_outcome(outcome, what="")
    raise typer.Exit(exit_code(action))


@cli.command()
@connected
def cancel(client: Client, action_id: ActionId, as_json: AsJson = False) -> None:
    """End an action now: done rows stay done, the others are left unprocessed."""
    action = _find(client, action_id)
    action = client.post(f"/v1/async-actions/{action['id']}/cancel")
    if as_json:
        print_json(action)
    else:
        out().print(tally(action, failure_groups(client, action)))


@cli.command(help=f"Retry an action's failed rows as a new action, and watch it.\n\n{EXIT_CODES}")
@connected
def retry(
    client: Client,
    action_id: ActionId,
    file: Annotated[str | None, typer.Argument(help="Fixed rows, instead of the failed ones as they were.")] = None,
    include_unprocessed: Unprocessed = False,
    of_submission: OfSubmission = None,
    of_file: OfFile = None,
    failed_to: FailedTo = None,
    no_wait: NoWait = False,
    idempotency_key: Key = None,
    again: Again = False,
    as_json: AsJson = False,
) -> None:
    """Run `tallykeep actions retry`; raises UsageError where flags contradict each other."""
    if no_wait and failed_to:
        raise UsageError("--failed-to has to wait for the end: leave out --no-wait")
    path = f"/v1/async-actions/{_find(client, action_id)['id']}/retry"
    query = as_parameters((of_submission or {}) | (of_file or {}))
    if include_unprocessed:
        query["include_unprocessed"] = True
    fixed = open_file(file) if file else None
    if fixed:
        require_ending(failed_to, fixed.form)
    with Bars(aside()) as bars:
        submitted = _retry(client, bars, path, query, fixed, idempotency_key, again)
        if not no_wait:
            action = follow(client, bars, submitted.action_id)
    if no_wait:
        outcome = Outcome(_find(client, submitted.action_id), replayed=submitted.replayed)
    else:
        outcome = completed(client, action, submitted, failed_to)
    if as_json:
        print_json(outcome.to_json())
    else:
        (show_started if no_wait else show_outcome)(outcome, what="these rows were sent")
    raise typer.Exit(0 if no_wait else exit_code(outcome.action))


def _retry(
    client: Client,
    bars: Bars,
    path: str,
    query: dict[str, Any],
    fixed: FileToSend | None,
    key: str | None,
    again: bool,
) -> Submitted:
    if fixed is None:
        return client.start(path, None, key or new_key(), **query)
    return send(client, bars, fixed, path, query, key_for(fixed, path, query, explicit=key, again=again))


@cli.command()
@connected
def failures(
    client: Client,
    action_id: ActionId,
    to: Annotated[Path | None, typer.Option("--to", dir_okay=False, help="A file, .csv or .ndjson.")] = None,
    include_unprocessed: Unprocessed = False,
    for_spreadsheet: Annotated[
        bool,
        typer.Option(
            "--for-spreadsheet", help="A CSV file to open in a spreadsheet: no cell is a formula. Not to be imported."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Get the failed rows as they were sent, with row and reason: fix them, then import or retry them."""
    action = _find(client, action_id)
    if as_json:
        print_json(_all_failures(client, action))
        return
    ending = ".ndjson" if to is not None and to.suffix.lower() in (".ndjson", ".jsonl", ".json") else ".csv"
    if for_spreadsheet and ending != ".csv":
        raise UsageError("--for-spreadsheet is for CSV files")
    query = {"for": "spreadsheet"} if for_spreadsheet else {}
    path = f"/v1/async-actions/{action['id']}/failures{ending}"
    chunks = client.download(path, include_unprocessed=include_unprocessed, **query)
    if to is not None:
        write_file(to, chunks)
        return
    for chunk in chunks:
        sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()


def _all_failures(client: Client, action: dict[str, Any]) -> dict[str, Any]:
    """Return the API's list of failed rows with all its pages joined."""
    path, collected = f"/v1/async-actions/{action['id']}/failures", list[dict[str, Any]]()
    while True:
        page = client.get(path, limit=100, after_row=collected[-1]["row"] if collected else 0)
        collected += page["failures"]
        if not page["has_more"]:
            return page | {"failures": collected}


def _find(client: Client, action_id: str) -> dict[str, Any]:
    """Return the action; raises RefusedError where there is none."""
    if action_id != NEWEST:
        return client.get(f"/v1/async-actions/{quote(action_id, safe='')}")
    newest = client.get("/v1/async-actions", limit=1)["async_actions"]
    if not newest:
        raise RefusedError("There are no actions yet. Start one: tallykeep import FILE")
    return client.get(f"/v1/async-actions/{newest[0]['id']}")
