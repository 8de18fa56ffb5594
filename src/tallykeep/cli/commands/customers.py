"""`tallykeep customers`: export what is stored about one customer, and erase it."""

import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.text import Text

from tallykeep.cli.kit.client import Client
from tallykeep.cli.kit.connection import connected
from tallykeep.cli.kit.exits import EXIT_CODES, InterruptedByUserError, RefusedError, UsageError
from tallykeep.cli.kit.phrases import counted
from tallykeep.cli.kit.sending import AsJson, Key, NoWait, new_key, see_through, write_file
from tallykeep.cli.kit.show import aside, out

cli = typer.Typer(no_args_is_help=True, help="Export what is stored about one customer, and erase it.")

Customer = Annotated[
    str, typer.Argument(metavar="ID", help="The customer's id or source_id; with --gone, also an e-mail address.")
]
Gone = Annotated[
    bool,
    typer.Option("--gone", help="The customer is gone already: what is stored of rows about them is meant."),
]
To = Annotated[Path | None, typer.Option("--to", dir_okay=False, writable=True, help="Write to this file.")]
_MAX_NAMED = 10
_STAYS = (
    "What stays: what was written into other things (descriptions, metadata of vouchers and of others), entries of the"
    " audit log, backups. docs/personal-data.md has the list."
)
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
    if not as_json:
        out().print(Text(f"  {_deleted(started.answer)}"))
    code = see_through(client, started, no_wait=no_wait, as_json=as_json, what="this customer was erased")
    aside().print(Text(f"  {_STAYS}", style="dim"), soft_wrap=True)
    raise typer.Exit(code)


def _deleted(answer: dict[str, Any]) -> str:
    """Return what the request itself has deleted, before its action goes through the rows."""
    counts = answer["data_json"]
    if not counts["customer"]:
        return "no customer was there to delete; rows about them are erased"
    more = "" if answer["status"] == "DONE" else "; the action deletes further orders"
    orders = counted(counts["orders"], "order")
    return f"deleted the customer {answer['related_object_id']} and {orders}{more}; rows about them are erased"


def _confirm(client: Client, customer: str, *, gone: bool) -> None:
    """Ask whether the customer is to be erased; raises RefusedError where there is none, before anything is asked."""
    if gone:
        extent = f"all rows about {customer}, who is no customer any more, for good"
    else:
        _require_there(client, customer)
        extent = f"the customer {customer}, orders and all rows about them, for good"
    if not sys.stdin.isatty():
        raise UsageError(f"This would erase {extent}; there is no terminal to confirm it: say --yes")
    if typer.prompt(f"This erases {extent}. Type {customer} to continue", err=True) != customer:
        raise InterruptedByUserError("That is not the ID: nothing was erased.")


def _require_there(client: Client, customer: str) -> None:
    """Raise RefusedError where there is no such customer, with whose e-mail address that is."""
    try:
        client.get(_path(customer))
    except RefusedError as refused:
        if refused.status != 404:
            raise
        there = client.get("/v1/customers", email=customer, limit=_MAX_NAMED)["customers"]
        ids = ", ".join(each["id"] for each in there)
        hint = f"This is the e-mail address of {ids}: ask by id" if ids else "Only rows are left of them? Say --gone"
        raise RefusedError(f"{refused}\n{hint}", refused.status) from None


def _path(customer: str) -> str:
    return f"/v1/customers/{quote(customer, safe='')}"


def _query(*, gone: bool) -> dict[str, Any]:
    return {"gone": True} if gone else {}
