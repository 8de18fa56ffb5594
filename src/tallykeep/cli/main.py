"""The command `tallykeep`: one noun or verb a file, gathered here."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from tallykeep import __version__
from tallykeep.cli.commands import (
    actions,
    campaigns,
    customers,
    demo,
    doctor,
    imports,
    lookups,
    metadata,
    profile_commands,
    webhooks,
)
from tallykeep.cli.commands.access import audit, keys, projects
from tallykeep.cli.kit.exits import ExitCode
from tallykeep.cli.kit.sending import AsJson

Role = Callable[..., int]

_LOGGING = ("serve", "api", "worker", "apply-isolated")  # report in their log
_OF_COMMANDS = ("TALLYKEEP_URL", "TALLYKEEP_PROFILE", "TALLYKEEP_APP_ID", "TALLYKEEP_APP_TOKEN", "TALLYKEEP_TOKEN")

_ASK, _SERVE = "Client", "Server"
_NOUNS = {
    "actions": actions.cli,
    "campaigns": campaigns.cli,
    "customers": customers.cli,
    "metadata": metadata.cli,
    "keys": keys.cli,
    "projects": projects.cli,
    "audit": audit.cli,
    "webhooks": webhooks.cli,
    "profiles": profile_commands.cli,
}

Host = Annotated[str | None, typer.Option(help="Address to listen on (TALLYKEEP_HOST; 127.0.0.1).")]
Port = Annotated[int | None, typer.Option(help="Port to listen on (TALLYKEEP_PORT; 8000).")]
DataDir = Annotated[
    str | None, typer.Option(metavar="PATH", help="Where the embedded PostgreSQL keeps its data (TALLYKEEP_DATA_DIR).")
]


@dataclass(frozen=True, slots=True)
class Roles:
    """The functions behind the server's commands. Each takes Settings first and returns an exit code."""

    serve: Role
    api: Role
    worker: Role
    recover_keys: Role
    show_database: Role
    migrate_database: Role
    prompt_database: Role
    try_isolated: Role
    verify_audit: Role


def make_cli(roles: Roles) -> typer.Typer:
    """Return the complete command line."""
    cli = typer.Typer(
        no_args_is_help=True, pretty_exceptions_enable=False, help="Bulk actions, every row accounted for."
    )
    cli.callback()(_top)
    for name, text, run in (
        ("import", imports.IMPORT_HELP, imports.import_),
        ("update", imports.UPDATE_HELP, imports.update),
    ):
        cli.command(name, cls=imports.CommandOnFiles, help=text, rich_help_panel=_ASK)(run)
    nouns = {
        "actions": actions,
        "campaigns": campaigns,
        "customers": customers,
        "metadata": metadata,
        "keys": keys,
        "projects": projects,
        "audit": audit,
        "webhooks": webhooks,
        "profiles": profile_commands,
    }
    for name, noun in nouns.items():
        cli.add_typer(noun.cli, name=name, rich_help_panel=_ASK)
    cli.command("template", rich_help_panel=_ASK)(lookups.template)
    cli.command("doctor", help=doctor.HELP, rich_help_panel=_ASK)(doctor.doctor)
    _add_roles(cli, roles)
    _add_database(cli, roles)
    cli.command("demo", rich_help_panel=_SERVE)(demo.demo)
    return cli


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


def _top(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version.")
    ] = False,
) -> None:
    if context.invoked_subcommand not in _LOGGING:
        _warn_of_unknown_variables()


def _add_roles(cli: typer.Typer, roles: Roles) -> None:
    @cli.command(rich_help_panel=_SERVE)
    def serve(host: Host = None, port: Port = None, data_dir: DataDir = None) -> None:
        """Run everything: PostgreSQL (unless TALLYKEEP_DATABASE_URL is set), API and worker."""
        _run(roles.serve, logs=True, host=host, port=port, data_dir=data_dir)

    @cli.command(rich_help_panel=_SERVE)
    def api(host: Host = None, port: Port = None, data_dir: DataDir = None) -> None:
        """Run one API process."""
        _run(roles.api, logs=True, host=host, port=port, data_dir=data_dir)

    @cli.command(rich_help_panel=_SERVE)
    def worker(data_dir: DataDir = None) -> None:
        """Run one worker process."""
        _run(roles.worker, logs=True, data_dir=data_dir)

    @cli.command("apply-isolated", hidden=True)
    def apply_isolated(project_id: int, action_id: str, first_row: int) -> None:
        """Apply one batch; workers run this for batches in quarantine."""
        _run(roles.try_isolated, project_id, action_id, first_row)

    @keys.cli.command()
    def recover(data_dir: DataDir = None) -> None:
        """Lost all keys? On the server's machine, make new ones for the first project, directly in its database.

        They may do everything: an admin's of that project, and an owner's, who has all projects. Old keys stay valid.
        """
        _run(roles.recover_keys, data_dir=data_dir)

    @audit.cli.command()
    def verify(
        project: Annotated[
            str | None,
            typer.Option(metavar="ID", help="Only this project's («none»: those of no project); all, left out."),
        ] = None,
        anchor: Annotated[
            str | None,
            typer.Option(help="What verify printed of this project earlier: nothing up to there has changed."),
        ] = None,
        data_dir: DataDir = None,
        as_json: AsJson = False,
    ) -> None:
        """On the server's machine, hash the whole audit log again (exit code 1: an entry does not fit)."""
        _run(roles.verify_audit, project, anchor, as_json, data_dir=data_dir)


def _add_database(cli: typer.Typer, roles: Roles) -> None:
    database = typer.Typer(no_args_is_help=True, help="Manage the database, on the server's machine.")
    cli.add_typer(database, name="db", rich_help_panel=_SERVE)

    @database.command()
    def status(data_dir: DataDir = None, as_json: AsJson = False) -> None:
        """Show where it is, how large it is, and whether its schema is this version's (exit code 1: it is not)."""
        _run(roles.show_database, as_json, data_dir=data_dir)

    @database.command()
    def migrate(data_dir: DataDir = None) -> None:
        """Migrate its schema to this version, as every start of `serve`, `api` or `worker` does."""
        _run(roles.migrate_database, data_dir=data_dir)

    @database.command()
    def shell(data_dir: DataDir = None) -> None:
        """Open psql on it."""
        _run(roles.prompt_database, data_dir=data_dir)


def _run(role: Role, *arguments: Any, logs: bool = False, **options: object) -> None:
    # Imported here, because most commands read no settings.
    from tallykeep.core.errors import TallykeepError  # noqa: PLC0415
    from tallykeep.core.settings import BadSettingsError, forget_secrets, read_settings  # noqa: PLC0415

    try:
        settings = read_settings(**{name: value for name, value in options.items() if value is not None})
        forget_secrets()
        code = role(settings, *arguments)
    except BadSettingsError as error:
        if logs:
            _warn_of_unknown_variables()  # the log, which would have said so, never begins
        typer.secho(f"tallykeep: {error}", fg="red", err=True)
        code = ExitCode.USAGE
    except (TallykeepError, ValueError) as error:
        typer.secho(f"tallykeep: {error}", fg="red", err=True)
        code = ExitCode.ROWS_LEFT
    raise typer.Exit(code)


def _warn_of_unknown_variables() -> None:
    """Print which variables look like settings but are none; settings are imported only where that is needed."""
    if all(name in _OF_COMMANDS for name in os.environ if name.upper().startswith("TALLYKEEP_")):
        return
    from tallykeep.core.settings import unknown_variables  # noqa: PLC0415

    for line in unknown_variables():
        typer.secho(f"tallykeep: {line}", fg="yellow", err=True)
