"""`tallykeep import`: send a file, watch it, show what became of every row."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from tallykeep.cli.client import (
    DEFAULT_URL,
    AppId,
    AppToken,
    Client,
    ClientError,
    Connection,
    Url,
    connection,
    read_chunks,
)
from tallykeep.cli.show import bars, failure_groups, tally, uploaded, watched

cli = typer.Typer(no_args_is_help=True, help="Import a file and account for every row.")

_SOME_ROWS_FAILED = 2
_COLUMNS, _OBJECTS = "/v1/vouchers/importCSV", "/v1/vouchers/import"
_OBJECT_SUFFIXES = (".json", ".ndjson", ".jsonl")
_PACKED_SUFFIXES = (".gz", ".zst")
_FILES_HELP = f"CSV or XLSX files, or objects ({', '.join(_OBJECT_SUFFIXES)}); compressed ones too (.gz, .zst)."


@cli.callback()
def _keep_the_verb_in_front() -> None:
    pass


@cli.command()
def vouchers(
    files: Annotated[
        list[Path],
        typer.Argument(
            exists=True, dir_okay=False, help="CSV or XLSX files, or .json, .ndjson, .jsonl; also .gz, .zst."
        ),
    ],
    url: Url = DEFAULT_URL,
    app_id: AppId = None,
    app_token: AppToken = None,
) -> None:
    """Import vouchers. Exit code 0: every row is done; 2: some failed; 1: the import did not happen."""
    console = Console()
    try:
        where = connection(url, app_id, app_token)
        failed = sum(import_file(console, where, file)["failed_count"] for file in files)
    except ClientError as error:
        typer.secho(f"tallykeep: {error}", fg="red", err=True)
        raise typer.Exit(1) from None
    raise typer.Exit(_SOME_ROWS_FAILED if failed else 0)


def import_file(console: Console, where: Connection, file: Path) -> dict[str, Any]:
    """Import one file with bars and print its tally; returns the action."""
    console.print(f"[bold]{file}[/bold]")
    with Client(where) as client:
        with bars(console) as progress, file.open("rb") as content:
            chunks = uploaded(progress, file, read_chunks(content))
            action_id = client.submit_file(_path_for(file), file, chunks)
            action = watched(progress, client, action_id)
        console.print(tally(action, failure_groups(client, action)))
        console.print()
    return action


def _path_for(file: Path) -> str:
    plain = file.with_suffix("") if file.suffix.lower() in _PACKED_SUFFIXES else file
    return _OBJECTS if plain.suffix.lower() in _OBJECT_SUFFIXES else _COLUMNS
