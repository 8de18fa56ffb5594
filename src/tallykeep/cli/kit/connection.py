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
from tallykeep.cli.kit.exits import CliError, UsageError, reporting_errors
from tallykeep.cli.kit.option_flags import with_option_flags
from tallykeep.cli.kit.profiles import DEFAULT_PROFILE, Profile, load_profiles, require_profile

DEFAULT_URL = "http://127.0.0.1:8000"
_PANEL = "Connection"
_KEYS_MISSING = (
    "Keys are missing: pass --app-id and --app-token, set TALLYKEEP_APP_ID and TALLYKEEP_APP_TOKEN, or save them once:"
    " tallykeep profiles save. The first start of `tallykeep serve` shows them; replace lost ones on the server's"
    " machine: tallykeep keys recover"
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
_OPTIONS = {"url": Url, "app_id": AppId, "app_token": AppToken, "profile": ProfileName}


@dataclass(frozen=True, slots=True)
class Connection:
    """The API's URL, the keys, and where each was found; keys may be missing."""

    url: str
    app_id: str | None
    app_token: str | None = field(repr=False)
    origin: str

    def require_keys(self) -> "Connection":
        """Return this connection; raises UsageError where the keys are missing."""
        if not self.app_id or not self.app_token:
            raise UsageError(_KEYS_MISSING)
        return self

    def client(self) -> Client:
        """Return a client that uses these keys."""
        return Client(self.url, self.app_id or "", self.app_token or "")


def find_connection(
    url: str | None = None, app_id: str | None = None, app_token: str | None = None, profile: str | None = None
) -> Connection:
    """Return the connection that these flags, the environment and the profiles make.

    A named profile replaces the environment; flags override either. Without a name, the default profile is used
    where neither has keys, and only for its own URL: keys are never sent to another server. Raises UsageError.
    """
    texts_by_flag = {"--url": url, "--app-id": app_id, "--app-token": app_token, "--profile": profile}
    if empty := [flag for flag, text in texts_by_flag.items() if text is not None and not text.strip()]:
        raise UsageError(f"{' and '.join(empty)} cannot be empty")
    flags = Profile(url, app_id, app_token)
    if name := profile or os.environ.get("TALLYKEEP_PROFILE", "").strip():
        return _connection(_overlaid(require_profile(name), flags), f"from the profile {name}")
    merged = _overlaid(_from_environment(), flags)
    if not merged.app_id and not merged.app_token:
        default = load_profiles().get(DEFAULT_PROFILE)
        if default is not None and merged.url in (None, default.url):
            return _connection(default, f"from the profile {DEFAULT_PROFILE}")
    return _connection(merged, "from flags and the environment" if merged != Profile() else "by default")


def _from_environment() -> Profile:
    settings = {
        name: os.environ.get(f"TALLYKEEP_{name.upper()}", "").strip() or None for name in ("url", "app_id", "app_token")
    }
    return Profile(**settings)


def _overlaid(below: Profile, above: Profile) -> Profile:
    changes = {name: getattr(above, name) for name in ("url", "app_id", "app_token")}
    return replace(below, **{name: text for name, text in changes.items() if text is not None})


def _connection(profile: Profile, origin: str) -> Connection:
    url = ((profile.url or "").strip() or DEFAULT_URL).rstrip("/")
    try:
        known = httpx.URL(url)
    except httpx.InvalidURL:
        known = httpx.URL("")
    if known.scheme not in ("http", "https") or not known.host:
        raise UsageError(f"{url!r} is not a URL like {DEFAULT_URL} (--url or TALLYKEEP_URL; {origin})")
    app_id, app_token = ((key or "").strip() or None for key in (profile.app_id, profile.app_token))
    if not all((key or "").isascii() and (key or "").isprintable() for key in (app_id, app_token)):
        raise UsageError(
            "The keys contain characters that no key has (--app-id, --app-token, TALLYKEEP_APP_ID, TALLYKEEP_APP_TOKEN;"
            f" {origin}); copy them again"
        )
    return Connection(url, app_id, app_token, origin)


def with_connection(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command with the connection options; its first parameter becomes the Connection."""

    @functools.wraps(command)
    def run(**arguments: Any) -> None:
        with reporting_errors():
            flags = {name: arguments.pop(name) for name in _OPTIONS}
            command(find_connection(**flags), **arguments)

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
    flagged = with_option_flags(command)

    @functools.wraps(flagged)
    def run(connection: Connection, **arguments: Any) -> None:
        with connection.require_keys().client() as client:
            flagged(client, **arguments)

    return with_connection(run)
