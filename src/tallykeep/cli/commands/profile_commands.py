"""`tallykeep profiles`: save connections by name, so that commands need no flags."""

import os
from typing import Annotated, Any

import typer
from rich.text import Text

from tallykeep.cli.kit.connection import DEFAULT_URL, AppId, AppToken, Url, find_connection
from tallykeep.cli.kit.exits import reporting_errors
from tallykeep.cli.kit.profiles import (
    DEFAULT_PROFILE,
    Profile,
    load_profiles,
    profiles_file,
    require_profile,
    write_profiles,
)
from tallykeep.cli.kit.sending import AsJson
from tallykeep.cli.kit.show import out, plain_table, print_json

cli = typer.Typer(no_args_is_help=True, help="Save servers and keys by name.")

Name = Annotated[str, typer.Argument(metavar="[NAME]", help=f"«{DEFAULT_PROFILE}», if left out.")]


@cli.command()
def save(name: Name = DEFAULT_PROFILE, url: Url = None, app_id: AppId = None, app_token: AppToken = None) -> None:
    """Save a connection, from flags, the environment or prompts. The keys are checked with the server."""
    with reporting_errors():
        settings = (
            url or _setting("URL", "TALLYKEEP_URL", default=DEFAULT_URL),
            app_id or _setting("X-App-Id", "TALLYKEEP_APP_ID"),
            app_token or _setting("X-App-Token", "TALLYKEEP_APP_TOKEN", hide_input=True),
        )
        connection = find_connection(*settings)
        with connection.require_keys().client() as client:
            client.get("/v1/async-actions", limit=1)
        saved = Profile(connection.url, connection.app_id, connection.app_token)
        file = write_profiles({**load_profiles(), name: saved})
        use = "used by default" if name == DEFAULT_PROFILE else f"use it with --profile {name}"
        out().print(f"  saved in {file}; {use}", markup=False)


def _setting(title: str, variable: str, **how: Any) -> str:
    """Return the environment's value, or ask for it."""
    return os.environ.get(variable, "").strip() or str(typer.prompt(title, err=True, **how))


@cli.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the profiles, without their tokens."""
    with reporting_errors():
        profiles = load_profiles()
        if as_json:
            print_json({name: {"url": each.url, "app_id": each.app_id} for name, each in profiles.items()})
            return
        table = plain_table("name", "url", "app id")
        for name, profile in profiles.items():
            table.add_row(Text(name), Text(profile.url or ""), Text(profile.app_id or ""))
        out().print(table if profiles else f"No profiles in {profiles_file()}. Make one: tallykeep profiles save")


@cli.command()
def remove(name: Annotated[str, typer.Argument(metavar="NAME")]) -> None:
    """Forget a profile. Its keys stay valid: `tallykeep keys revoke` ends those."""
    with reporting_errors():
        require_profile(name)
        profiles = load_profiles()
        write_profiles({other: profile for other, profile in profiles.items() if other != name})
        out().print(f"  removed {name}", markup=False)
