"""`tallykeep keys`: the project's keys, over the API."""

import shlex
import sys
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.text import Text

from tallykeep.cli.commands.access.whose_keys import managing_keys, named_project
from tallykeep.cli.kit.client import Client
from tallykeep.cli.kit.exits import InterruptedByUserError, RefusedError, UsageError
from tallykeep.cli.kit.phrases import when
from tallykeep.cli.kit.sending import AsJson
from tallykeep.cli.kit.show import aside, out, plain_table, print_json

cli = typer.Typer(
    no_args_is_help=True,
    help="The project's keys. Those of the management API are managed with one of them: set TALLYKEEP_MANAGEMENT_ID and"
    " TALLYKEEP_MANAGEMENT_TOKEN.",
)

_END_PREVIOUS = "end_previous_token"
_NEVER, _ALL, _ANYWHERE = "never", "all", "anywhere"
_PREFIXES = {"app": "TALLYKEEP_APP", "management": "TALLYKEEP_MANAGEMENT", "service": "SERVICE"}


class KeyKind(StrEnum):
    """What a key gives access to."""

    APP = "app"
    MANAGEMENT = "management"
    SERVICE = "service"


class Role(StrEnum):
    """What a key may do."""

    READER = "reader"
    OPERATOR = "operator"
    ADMIN = "admin"
    OWNER = "owner"


KeyId = Annotated[str, typer.Argument(metavar="ID", help="The key's id.")]
Kind = Annotated[KeyKind, typer.Option(help="For the API, for the management API, or for tokens of OAuth alone.")]
ById = Annotated[KeyKind | None, typer.Option(help="Needed only where keys of two kinds have this id.")]
Name = Annotated[str | None, typer.Option(help="What the key is for.", show_default=False)]
OfRole = Annotated[
    Role | None,
    typer.Option(
        help="reader sees, operator also submits and changes, admin also manages keys, webhooks and schemas;"
        " owner, of the kind management, has the whole installation: it sees, changes and deletes all projects and"
        " makes keys of them. A new key needs a role.",
        show_default=False,
    ),
]
Scopes = Annotated[
    list[str] | None,
    typer.Option(
        "--scope", help=f"Only this permission of the role, such as vouchers.read; repeatable. «{_ALL}»: all."
    ),
]
Expiry = Annotated[str | None, typer.Option("--expires", help=f"When it ends: 2027-01-31, or «{_NEVER}».")]
Addresses = Annotated[
    list[str] | None,
    typer.Option("--address", help=f"Only from this network, 192.0.2.0/24; repeatable. «{_ANYWHERE}»: from any."),
]


@cli.command("list")
@managing_keys
def list_(client: Client, as_json: AsJson = False) -> None:
    """List the keys, without their tokens."""
    answer = client.get("/v1/keys")
    if as_json:
        print_json(answer)
        return
    own = next((key for key in answer["keys"] if key["current"]), None)
    if own is not None:
        aside().print(Text(f"Keys of {named_project(client, own['project_id'])}:"))
    table = plain_table("id", "kind", "name", "role", "used", "ends", "")
    for key in answer["keys"]:
        role = Text(", ".join([key["role"], *(key["scopes"] or ())]))
        used = when(key["last_used_at"]) if key["last_used_at"] else "never"
        table.add_row(Text(key["id"]), key["kind"], Text(key["name"]), role, used, _end(key), _state(key))
    out().print(table)


def _end(key: dict[str, Any]) -> str:
    return when(key["expires_at"]) if key["expires_at"] else ""


def _state(key: dict[str, Any]) -> Text:
    if key["expired"]:
        return Text("expired", style="red")
    state = Text("in use here" if key["current"] else "", style="green")
    if key["previous_token_until"]:
        state.append(f"{', ' if state else ''}two tokens until {when(key['previous_token_until'])}", style="yellow")
    return state


@cli.command()
@managing_keys
def create(
    client: Client,
    name: Name = None,
    kind: Kind = KeyKind.APP,
    role: OfRole = None,
    scopes: Scopes = None,
    expires: Expiry = None,
    addresses: Addresses = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before making an owner.")] = False,
    as_json: AsJson = False,
) -> None:
    """Create a key with a role, and show its token, this once."""
    if role is None:
        raise UsageError(
            "Say what the key may do: --role reader sees, --role operator also submits and changes, --role admin also"
            " manages keys, webhooks and schemas. Take the first that is enough; --scope narrows it down further"
        )
    if role == Role.OWNER and not yes:
        _confirm_owner(None)
    key = client.post("/v1/keys", {"kind": kind.value, **_fields(name, role, scopes, expires, addresses)})
    _show_token(client, key, as_json)


@cli.command()
@managing_keys
def change(
    client: Client,
    key_id: KeyId,
    name: Name = None,
    role: OfRole = None,
    scopes: Scopes = None,
    expires: Expiry = None,
    addresses: Addresses = None,
    kind: ById = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before making the key an owner.")] = False,
) -> None:
    """Change what a key is called, may do, and from where and until when. Its token stays."""
    fields = _fields(name, role, scopes, expires, addresses)
    if not fields:
        raise UsageError("Say what to change: --name, --role, --scope, --expires or --address")
    if role == Role.OWNER and not yes:
        _confirm_owner(key_id)
    changed = client.put(_path(key_id), fields, **_query(kind))
    out().print(Text(f"  changed {key_id}, a key of {named_project(client, changed['project_id'])}"))


@cli.command()
@managing_keys
def rotate(
    client: Client,
    key_id: KeyId,
    overlap: Annotated[int, typer.Option(help="For how many seconds the token before stays valid.")] = 86_400,
    kind: ById = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask, also where a token of the last rotation ends before its time.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Give a key another token, shown this once; the one before stays valid for a while."""
    key = _rotated(client, key_id, kind, {"overlap_seconds": overlap, **({_END_PREVIOUS: True} if yes else {})})
    _show_token(client, key, as_json)
    if not as_json:
        until = key["previous_token_until"]
        before = f"works until {when(until)}" if until else "ended just now: it is refused from the next request on"
        aside().print(f"The token before {before}.", style="yellow")


def _rotated(client: Client, key_id: str, kind: KeyKind | None, body: dict[str, Any]) -> dict[str, Any]:
    """Rotate a key. Where a token would end before its time, ask; raise RefusedError where nobody can be asked."""
    path = f"{_path(key_id)}/rotate"
    try:
        return client.post(path, body, **_query(kind))
    except RefusedError as refused:
        if refused.key != "overlap_under_way" or not sys.stdin.isatty():
            raise
    key = _find_key(client, key_id, kind)
    until = f", until {when(key['previous_token_until'])}" if key and key["previous_token_until"] else ""
    question = f"Two tokens of {_naming(client, key_id, key)} work; the older one{until}. It would end at once. Rotate?"
    if not typer.confirm(question, err=True):
        raise InterruptedByUserError("Nothing was rotated.")
    return client.post(path, body | {_END_PREVIOUS: True}, **_query(kind))


@cli.command()
@managing_keys
def revoke(
    client: Client,
    key_id: KeyId,
    kind: ById = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Revoke a key, at once and for good. The key in use cannot be revoked, so that one always works."""
    which = _naming(client, key_id, _find_key(client, key_id, kind))
    if not yes:
        _confirm(which)
    client.delete(_path(key_id), **_query(kind))
    out().print(Text(f"  revoked {which}"))


def _find_key(client: Client, key_id: str, kind: KeyKind | None) -> dict[str, Any] | None:
    """Return the key that is meant; None where the keys may not see it, or it is not clear which."""
    try:
        keys: list[dict[str, Any]] = client.get("/v1/keys")["keys"]
    except RefusedError:
        return None
    meant = [key for key in keys if key["id"] == key_id and kind in (None, key["kind"])]
    return meant[0] if len(meant) == 1 else None


def _naming(client: Client, key_id: str, key: dict[str, Any] | None) -> str:
    """Return what to call a key: with its name and its project, where they are known."""
    if key is None:
        return key_id
    return f"{key_id}, {key['name']}, a key of {named_project(client, key['project_id'])}"


def _fields(
    name: str | None, role: Role | None, scopes: list[str] | None, expires: str | None, addresses: list[str] | None
) -> dict[str, Any]:
    """Return the fields of a key that were given."""
    given: dict[str, Any] = {"name": name} if name else {}
    if role:
        given["role"] = role.value
    if scopes:
        given["scopes"] = None if scopes == [_ALL] else scopes
    if expires:
        given["expires_at"] = None if expires == _NEVER else expires
    if addresses:
        given["addresses"] = [] if addresses == [_ANYWHERE] else addresses
    return given


def _show_token(client: Client, key: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(key)
        return
    aside().print("The token is shown only once:", style="yellow")
    prefix = _PREFIXES[key["kind"]]
    words = (f"{prefix}_{part}={shlex.quote(key[name])}" for part, name in (("ID", "id"), ("TOKEN", "token")))
    sys.stdout.write(f"export {' '.join(words)}\n")
    sys.stdout.flush()  # before the server is asked again, which may fail: nobody gets the token a second time
    aside().print(Text(f"A key of {named_project(client, key['project_id'])}.", style="yellow"))


def _path(key_id: str) -> str:
    return f"/v1/keys/{quote(key_id, safe='')}"


def _query(kind: KeyKind | None) -> dict[str, str]:
    return {"kind": kind.value} if kind else {}


def _confirm_owner(key_id: str | None) -> None:
    extent = (
        f"{key_id or 'A key'} with the role owner has the whole installation: it sees, changes and deletes all projects"
    )
    if not sys.stdin.isatty():
        raise UsageError(f"{extent}. There is no terminal to confirm it: say --yes")
    if not typer.confirm(f"{extent}. {'Change' if key_id else 'Create'} it?", err=True):
        raise InterruptedByUserError(f"Nothing was {'changed' if key_id else 'created'}.")


def _confirm(which: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError(f"Say --yes to revoke {which}: there is no terminal to confirm it")
    if not typer.confirm(f"Revoke {which} for good?", err=True):
        raise InterruptedByUserError("Nothing was revoked.")
