"""`tallykeep customers`: export what is stored about one customer, and erase it."""

import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from tallykeep.cli.kit.client import Client
from tallykeep.cli.kit.connection import connected
from tallykeep.cli.kit.exits import EXIT_CODES, InterruptedByUserError, UsageError
from tallykeep.cli.kit.sending import AsJson, Key, NoWait, new_key, see_through, write_file

cli = typer.Typer(no_args_is_help=True, help="Export what is stored about one customer, and erase it.")

Customer = Annotated[
    str, typer.Argument(metavar="ID", help="The customer's id or source_id; with --gone, also an e-mail address.")
]
Gone = Annotated[
    bool,
    typer.Option("--gone", help="The customer may be gone already: what is stored of rows about them is meant."),
]
To = Annotated[Path | None, typer.Option("--to", dir_okay=False, writable=True, help="Write to this file.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@cli.command("personal-data")
@connected
def personal_data(client: Client, customer: Customer, to: To = None, gone: Gone = False) -> None:
    """Get all that is stored about a customer, as JSON: orders and rows as they were sent, failed ones included."""
    chunks = client.download(f"{_path(customer)}/personal-data", **_query(gone=gone))
    if to is not None:
        write_file(to, chunks)
        return
    for chunk in chunks:
        sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()


@cli.command(
    help="Delete a customer for good, with their orders and all rows about them, failed ones included. You have to type"
    f" the ID again.\n\n{EXIT_CODES}"
)
@connected
def erase(
    client: Client,
    customer: Customer,
    gone: Gone = False,
    yes: Yes = False,
    no_wait: NoWait = False,
    idempotency_key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Run `tallykeep customers erase`."""
    if not yes:
        _confirm(client, customer, gone=gone)
    path = f"{_path(customer)}/permanent-deletion"
    started = client.start(path, None, idempotency_key or new_key(), **_query(gone=gone))
    raise typer.Exit(see_through(client, started, no_wait=no_wait, as_json=as_json, what="this customer was erased"))


def _confirm(client: Client, customer: str, *, gone: bool) -> None:
    """Ask whether the customer is to be erased; raises RefusedError where there is none, before anything is asked."""
    if not gone:
        client.get(_path(customer))
    extent = "orders and all rows about them, for good"
    if not sys.stdin.isatty():
        raise UsageError(
            f"This would erase the customer {customer}, {extent}; there is no terminal to confirm it: say --yes"
        )
    prompt = f"This erases the customer {customer}, {extent}. Type {customer} to continue"
    if typer.prompt(prompt, err=True) != customer:
        raise InterruptedByUserError("That is not the ID: nothing was erased.")


def _path(customer: str) -> str:
    return f"/v1/customers/{quote(customer, safe='')}"


def _query(*, gone: bool) -> dict[str, Any]:
    return {"gone": True} if gone else {}
