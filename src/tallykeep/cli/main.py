"""The command `tallykeep`: one verb a file, gathered here."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from tallykeep import __version__
from tallykeep.cli import actions, demo, imports
from tallykeep.config import Settings
from tallykeep.errors import TallykeepError

Role = Callable[[Settings], int]

Host = Annotated[str | None, typer.Option(help="Address to listen on (TALLYKEEP_HOST; 127.0.0.1).")]
Port = Annotated[int | None, typer.Option(help="Port to listen on (TALLYKEEP_PORT; 8000).")]
DataDir = Annotated[Path | None, typer.Option(help="Where the embedded PostgreSQL keeps its data.")]


@dataclass(frozen=True, slots=True)
class Roles:
    """What the server commands run; handed in by the composition root."""

    serve: Role
    api: Role
    worker: Role
    create_keys: Role
    apply_alone: Callable[[Settings, int, str, int], int]


def make_cli(roles: Roles) -> typer.Typer:
    """The whole command line."""
    cli = typer.Typer(
        no_args_is_help=True, pretty_exceptions_enable=False, help="Bulk actions, every row accounted for."
    )
    cli.add_typer(imports.importing, name="import")
    cli.add_typer(imports.updating, name="update")
    cli.add_typer(actions.cli, name="actions")
    cli.command("demo")(demo.demo)
    keys = typer.Typer(no_args_is_help=True, help="A project's keys.")
    cli.add_typer(keys, name="keys")
    keys.callback()(lambda: None)

    @cli.callback()
    def top(
        version: Annotated[
            bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show it.")
        ] = False,
    ) -> None:
        pass

    @cli.command()
    def serve(host: Host = None, port: Port = None, data_dir: DataDir = None) -> None:
        """Run everything: PostgreSQL (unless TALLYKEEP_DATABASE_URL is set), API and worker."""
        _run(roles.serve, host=host, port=port, data_dir=data_dir)

    @cli.command()
    def api(host: Host = None, port: Port = None, data_dir: DataDir = None) -> None:
        """Run one API process."""
        _run(roles.api, host=host, port=port, data_dir=data_dir)

    @cli.command()
    def worker(data_dir: DataDir = None) -> None:
        """Run one worker process."""
        _run(roles.worker, data_dir=data_dir)

    @cli.command("apply-alone", hidden=True)
    def apply_alone(project_id: int, action_id: str, first_row: int) -> None:
        """Apply one portion; a worker runs this where portions ended processes."""
        _run(lambda settings: roles.apply_alone(settings, project_id, action_id, first_row))

    @keys.command("create")
    def create(data_dir: DataDir = None) -> None:
        """Make further keys for the first project, on this machine's database, and show them once."""
        _run(roles.create_keys, data_dir=data_dir)

    return cli


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


def _run(role: Role, **options: object) -> None:
    try:
        code = role(Settings(**{name: value for name, value in options.items() if value is not None}))  # type: ignore[arg-type]
    except (TallykeepError, ValueError) as error:
        typer.secho(f"tallykeep: {error}", fg="red", err=True)
        code = 1
    raise typer.Exit(code)
