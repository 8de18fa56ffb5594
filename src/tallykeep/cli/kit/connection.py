"""The connection to the API: its URL and the keys, from flags, the environment or a profile."""

import functools
import inspect
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import httpx
import typer

from tallykeep.cli.kit.client import Client
from tallykeep.cli.kit.exits import CliError, RefusedError, UsageError, reporting_errors
from tallykeep.cli.kit.option_flags import in_flags, typed_names, with_option_flags
from tallykeep.cli.kit.profiles import DEFAULT_PROFILE, Profile, load_profiles, require_profile

DEFAULT_URL = "http://127.0.0.1:8000"
_PANEL = "Connection"
_KEYS_MISSING = (
    "Keys are missing: pass --app-id and --app-token, set TALLYKEEP_APP_ID and TALLYKEEP_APP_TOKEN, or save them once:"
    " tallykeep profiles save. A token of OAuth will do as well: --token or TALLYKEEP_TOKEN. Ask an admin of the"
    " project for keys of your own. The first start of `tallykeep serve` shows the first ones. Who runs the server, and"
    " has lost all, makes new ones on its machine, for everything in all projects: tallykeep keys recover. It revokes"
    " none"
)
_APP_KEYS_MISSING = (
    "Application keys are missing: those of the management API, which TALLYKEEP_MANAGEMENT_ID names, do not give access"
    " to what a project holds. Make an application key with them: tallykeep keys create --role ROLE"
)

Url = Annotated[
    str | None,
    typer.Option("--url", help=f"Where the server is (TALLYKEEP_URL; {DEFAULT_URL}).", rich_help_panel=_PANEL),
]
AppId = Annotated[
    str | None, typer.Option("--app-id", help="The project's X-App-Id (TALLYKEEP_APP_ID).", rich_help_panel=_PANEL)
]
AppToken = Annotated[
    str | None,
    typer.Option("--app-token", help="The project's X-App-Token (TALLYKEEP_APP_TOKEN).", rich_help_panel=_PANEL),
]
Token = Annotated[
    str | None,
    typer.Option("--token", help="A token of OAuth instead of keys (TALLYKEEP_TOKEN).", rich_help_panel=_PANEL),
]


def _profile_names(incomplete: str) -> list[str]:
    with suppress(CliError):
        return [name for name in load_profiles() if name.startswith(incomplete)]
    return []


ProfileName = Annotated[
    str | None,
    typer.Option(
        "--profile",
        help=f"A saved profile (TALLYKEEP_PROFILE; {DEFAULT_PROFILE}, if neither flags nor environment have keys).",
        rich_help_panel=_PANEL,
        autocompletion=_profile_names,
    ),
]
_OPTIONS = {"url": Url, "app_id": AppId, "app_token": AppToken, "token": Token, "profile": ProfileName}


@dataclass(frozen=True, slots=True)
class ManagementKeys:
    """Keys of the management API, which come from the environment alone, and the URL that they are for."""

    url: str
    key_id: str
    token: str = field(repr=False)

    def client(self) -> Client:
        """Return a client that uses these keys."""
        return Client(self.url, {"X-Management-Id": self.key_id, "X-Management-Token": self.token})


@dataclass(frozen=True, slots=True)
class Connection:
    """The API's URL, the keys, and where each was found; keys may be missing.

    `management` are the keys for what is managed, unless others come first: those of flags, of a named profile, or a
    token. `is_ambiguous` says that application keys stand as near.
    """

    url: str
    app_id: str | None
    app_token: str | None = field(repr=False)
    origin: str
    token: str | None = field(default=None, repr=False)
    management: ManagementKeys | None = None
    is_ambiguous: bool = False

    @property
    def has_keys(self) -> bool:
        """Return whether there is something to show: keys, or a token."""
        return bool(self.token or (self.app_id and self.app_token))

    def require_keys(self) -> "Connection":
        """Return this connection; raises UsageError where the keys are missing."""
        if not self.has_keys:
            raise UsageError(_APP_KEYS_MISSING if self.management else _KEYS_MISSING)
        return self

    def client(self) -> Client:
        """Return a client that uses the token, or these keys."""
        if self.token:
            return Client(self.url, {"Authorization": f"Bearer {self.token}"})
        return Client(self.url, {"X-App-Id": self.app_id or "", "X-App-Token": self.app_token or ""})

    def manager(self) -> Client:
        """Return a client that uses the management keys, or else what `client` uses."""
        return self.require_keys().client() if self.management is None else self.management.client()


def find_connection(
    url: str | None = None,
    app_id: str | None = None,
    app_token: str | None = None,
    profile: str | None = None,
    token: str | None = None,
) -> Connection:
    """Return the connection that these flags, the environment and the profiles make.

    A named profile replaces the environment; flags override either. Without a name, the default profile is used
    where neither has keys, and only for its own URL: keys are never sent to another server. A token goes before keys
    that stand as near. Keys of the management API stand in the environment, and come before the default profile, too.
    Raises UsageError.
    """
    texts_by_flag = {
        "--url": url, "--app-id": app_id, "--app-token": app_token, "--token": token, "--profile": profile,
    }  # fmt: skip
    if empty := [flag for flag, text in texts_by_flag.items() if text is not None and not text.strip()]:
        raise UsageError(f"{' and '.join(empty)} cannot be empty")
    if token and (app_id or app_token):
        raise UsageError("--token goes instead of --app-id and --app-token, not beside them")
    flags = Profile(url, app_id, app_token)
    if name := profile or _variable("PROFILE"):
        return _connection(_overlaid(require_profile(name), flags), f"from the profile {name}", token)
    merged = _overlaid(_from_environment(), flags)
    token = token or (None if app_id or app_token else _variable("TOKEN"))
    management = None if app_id or app_token or token else _management_keys(merged)
    if not merged.app_id and not merged.app_token and not token:
        default = load_profiles().get(DEFAULT_PROFILE)
        if default is not None and merged.url in (None, default.url):
            return replace(_connection(default, f"from the profile {DEFAULT_PROFILE}"), management=management)
    origin = "from flags and the environment" if merged != Profile() or token else "by default"
    connection = _connection(merged, origin, token)
    return replace(connection, management=management, is_ambiguous=management is not None and connection.has_keys)


def _management_keys(environment: Profile) -> ManagementKeys | None:
    key_id, token = _variable("MANAGEMENT_ID"), _variable("MANAGEMENT_TOKEN")
    if not key_id or not token:
        return None
    checked = _connection(Profile(environment.url, key_id, token), "from flags and the environment")
    return ManagementKeys(checked.url, key_id, token)


def _variable(name: str) -> str | None:
    return os.environ.get(f"TALLYKEEP_{name}", "").strip() or None


def _from_environment() -> Profile:
    return Profile(_variable("URL"), _variable("APP_ID"), _variable("APP_TOKEN"))


def _overlaid(below: Profile, above: Profile) -> Profile:
    changes = {name: getattr(above, name) for name in ("url", "app_id", "app_token")}
    return replace(below, **{name: text for name, text in changes.items() if text is not None})


def _connection(profile: Profile, origin: str, token: str | None = None) -> Connection:
    url = ((profile.url or "").strip() or DEFAULT_URL).rstrip("/")
    try:
        known = httpx.URL(url)
    except httpx.InvalidURL:
        known = httpx.URL("")
    if known.scheme not in ("http", "https") or not known.host:
        raise UsageError(f"{url!r} is not a URL like {DEFAULT_URL} (--url or TALLYKEEP_URL; {origin})")
    app_id, app_token = ((key or "").strip() or None for key in (profile.app_id, profile.app_token))
    if not all((key or "").isascii() and (key or "").isprintable() for key in (app_id, app_token, token)):
        raise UsageError(
            "The keys contain characters that no key has (--app-id, --app-token, TALLYKEEP_APP_ID, TALLYKEEP_APP_TOKEN,"
            f" --token, TALLYKEEP_TOKEN; {origin}); copy them again"
        )
    return Connection(url, app_id, app_token, origin, token.strip() if token else None)


def with_connection(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command with the connection options; its first parameter becomes the Connection.

    Refusals name flags where the API names its fields.
    """
    typed = typed_names(command)

    @functools.wraps(command)
    def run(**arguments: Any) -> None:
        with reporting_errors():
            flags = {name: arguments.pop(name) for name in _OPTIONS}
            try:
                command(find_connection(**flags), **arguments)
            except RefusedError as error:
                raise RefusedError(in_flags(str(error), typed), error.status) from None

    own = list(inspect.signature(command).parameters.values())[1:]
    added = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=option)
             for name, option in _OPTIONS.items()]  # fmt: skip
    kept = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    run.__signature__ = inspect.Signature([*kept, *added])  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in (*kept, *added)}
    del run.__wrapped__
    return run


def connected(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command with the connection options; its first parameter becomes a Client with keys.

    Parameters for submission options become the flags of these.
    """
    return with_client(command, lambda connection: connection.require_keys().client())


def managing(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command as `connected` does; the client's keys are those of the management API, if there are."""
    return with_client(command, Connection.manager)


def with_client(command: Callable[..., None], client_of: Callable[[Connection], Client]) -> Callable[..., None]:
    """Return the command as `connected` does, with a client that `client_of` makes of the connection."""
    flagged = with_option_flags(command)

    @functools.wraps(flagged)
    def run(connection: Connection, **arguments: Any) -> None:
        with client_of(connection) as client:
            flagged(client, **arguments)

    return with_connection(run)
