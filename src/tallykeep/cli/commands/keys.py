"""`tallykeep keys`: the project's keys, over the API."""

import shlex
import sys
from enum import StrEnum
from typing import Annotated
from urllib.parse import quote

import typer
from rich.text import Text

from tallykeep.cli.kit.client import Client
from tallykeep.cli.kit.connection import connected
from tallykeep.cli.kit.exits import InterruptedByUserError, UsageError
from tallykeep.cli.kit.phrases import when
from tallykeep.cli.kit.sending import AsJson
from tallykeep.cli.kit.show import aside, out, plain_table, print_json

cli = typer.Typer(no_args_is_help=True, help="The project's keys.")


class KeyKind(StrEnum):
    """The API that a key gives access to."""

    APP = "app"
    MANAGEMENT = "management"


Kind = Annotated[KeyKind, typer.Option(help="For the API, or for the management API.")]


@cli.command("list")
@connected
def list_(client: Client, as_json: AsJson = False) -> None:
    """List the keys, without their tokens."""
    answer = client.get("/v1/keys")
    if as_json:
        print_json(answer)
        return
    table = plain_table("id", "kind", "name", "created", "")
    for key in answer["keys"]:
        mine = Text("in use here" if key["current"] else "", style="green")
        table.add_row(Text(key["id"]), key["kind"], Text(key["name"]), when(key["created_at"]), mine)
    out().print(table)


@cli.command()
@connected
def create(
    client: Client,
    name: Annotated[str | None, typer.Option(help="What the key is for.", show_default=False)] = None,
    kind: Kind = KeyKind.APP,
    as_json: AsJson = False,
) -> None:
    """Create a key, and show its token, this once."""
    key = client.post("/v1/keys", {"kind": kind.value, **({"name": name} if name else {})})
    if as_json:
        print_json(key)
        return
    aside().print("The token is shown only once:", style="yellow")
    prefix = "TALLYKEEP_APP" if kind == KeyKind.APP else "TALLYKEEP_MANAGEMENT"
    words = (f"{prefix}_{part}={shlex.quote(key[name])}" for part, name in (("ID", "id"), ("TOKEN", "token")))
    sys.stdout.write(f"export {' '.join(words)}\n")


@cli.command()
@connected
def revoke(
    client: Client,
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The key's id.")],
    kind: Annotated[KeyKind | None, typer.Option(help="Needed only where keys of both kinds have this id.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Revoke a key, at once and for good. The key in use cannot be revoked, so that one always works."""
    if not yes:
        _confirm(key_id)
    client.delete(f"/v1/keys/{quote(key_id, safe='')}", **({"kind": kind.value} if kind else {}))
    out().print(f"  revoked {key_id}", markup=False)


def _confirm(key_id: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError(f"Say --yes to revoke {key_id}: there is no terminal to confirm it")
    if not typer.confirm(f"Revoke {key_id} for good?", err=True):
        raise InterruptedByUserError("Nothing was revoked.")
