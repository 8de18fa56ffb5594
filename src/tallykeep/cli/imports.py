"""`tallykeep import` and `tallykeep update`: send files, watch them, show what became of every row."""

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console

from tallykeep.actions import ACTION_TYPES
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
    refusals_shown,
)
from tallykeep.cli.show import bars, failure_groups, tally, uploaded, watched
from tallykeep.model import OnError

importing = typer.Typer(no_args_is_help=True, help="Import files and account for every row.")
updating = typer.Typer(no_args_is_help=True, help="Update in bulk, from files of objects.")

_SOME_ROWS_FAILED = 2
_OBJECT_SUFFIXES = (".json", ".ndjson", ".jsonl")
_PACKED_SUFFIXES = (".gz", ".zst")
_FORMS = {"csv": "CSV or XLSX", "json": ", ".join(_OBJECT_SUFFIXES)}
_EXIT_CODES = "Exit code 0: every row is done; 2: some failed or were left; 1: the work did not start."
_GROUPS = {"import": importing, "update": updating}
_VERBS = {"import": "import", "importCSV": "import", "bulk/async": "update"}
_PATH = re.compile(r"/v1/(.+)/(" + "|".join(_VERBS) + ")")

Paths = dict[str, str]  # where rows of each source go
VOUCHERS: Paths = {"csv": "/v1/vouchers/importCSV", "json": "/v1/vouchers/import"}

Files = Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="Files; also compressed, .gz or .zst.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Validate every row, write nothing.")]
Policy = Annotated[OnError, typer.Option("--on-error", help="What failed rows mean for the others.")]
MaxFailures = Annotated[int | None, typer.Option(min=1, help="With --on-error stop: the rest is left after so many.")]
Named = Annotated[list[str] | None, typer.Option("--map", help="A column by another name: 'Gutschein=Code'.")]
Skipped = Annotated[list[str] | None, typer.Option("--skip", help="A column to leave out.")]


def import_file(
    console: Console, where: Connection, file: Path, path: str, wishes: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Send one file with bars and print its tally; returns the action."""
    console.print(f"[bold]{file}[/bold]")
    with Client(where) as client:
        with bars(console) as progress, file.open("rb") as content:
            chunks = uploaded(progress, file, read_chunks(content))
            action_id = client.submit_file(path, file, chunks, **(wishes or {}))
            action = watched(progress, client, action_id)
        console.print(tally(action, failure_groups(client, action)))
        console.print()
    return action


def path_for(file: Path, paths: Paths) -> str:
    """Where a file goes by its ending; raises ClientError for one that cannot go anywhere."""
    plain = file.with_suffix("") if file.suffix.lower() in _PACKED_SUFFIXES else file
    source = "json" if plain.suffix.lower() in _OBJECT_SUFFIXES else "csv"
    if source not in paths:
        raise ClientError(f"{file}: these come as {' or '.join(_FORMS[each] for each in paths)} files")
    return paths[source]


def exit_code(actions: list[dict[str, Any]]) -> int:
    """What the command ends with: 0 where every row is done."""
    return _SOME_ROWS_FAILED if any(action["done_count"] < action["total_count"] for action in actions) else 0


def wishes_of(dry_run: bool, on_error: OnError, max_failures: int | None) -> dict[str, Any]:
    """The parameters of a submission that differ from the defaults."""
    wishes = {"dry_run": dry_run or None, "on_error": on_error.value, "max_failures": max_failures}
    return {name: value for name, value in wishes.items() if value not in (None, OnError.CONTINUE.value)}


def _mapping(named: list[str] | None, skipped: list[str] | None) -> dict[str, Any]:
    mapping: dict[str, str | None] = dict.fromkeys(skipped or [])
    for pair in named or []:
        column, sign, field = pair.rpartition("=")
        if not sign:
            raise ClientError(f"--map {pair!r} should be 'column=field'")
        mapping[column] = field
    return {"mapping": json.dumps(mapping)} if mapping else {}


def _send(files: list[Path], paths: Paths, wishes: dict[str, Any], where: Connection) -> int:
    places = [path_for(file, paths) for file in files]
    console = Console()
    return exit_code(
        [import_file(console, where, file, path, wishes) for file, path in zip(files, places, strict=True)]
    )


def _add_command(verb: str, noun: str, paths: Paths, in_campaign: Paths) -> None:
    forms = " or ".join(_FORMS[source] for source in paths)

    @_GROUPS[verb].command(noun, help=f"{verb.capitalize()} {noun}: {forms} files.\n\n{_EXIT_CODES}")
    def send(
        files: Files,
        campaign: Annotated[
            str | None, typer.Option(help="Into this campaign, by name or id.", hidden=not in_campaign)
        ] = None,
        dry_run: DryRun = False,
        on_error: Policy = OnError.CONTINUE,
        max_failures: MaxFailures = None,
        named: Named = None,
        skipped: Skipped = None,
        url: Url = DEFAULT_URL,
        app_id: AppId = None,
        app_token: AppToken = None,
    ) -> None:
        with refusals_shown():
            to = paths if campaign is None else _into(campaign, in_campaign)
            wishes = wishes_of(dry_run, on_error, max_failures) | _mapping(named, skipped)
            raise typer.Exit(_send(files, to, wishes, connection(url, app_id, app_token)))


def _into(campaign: str, paths: Paths) -> Paths:
    if not paths:
        raise ClientError("Only vouchers are imported into a campaign; leave --campaign out")
    return {source: path.replace("{target}", quote(campaign, safe="")) for source, path in paths.items()}


def _add_commands() -> None:
    """A command for each noun whose rows the table of action types takes from files."""
    found: dict[tuple[str, str], Paths] = defaultdict(dict)
    for kind in ACTION_TYPES.values():
        if (match := _PATH.fullmatch(kind.path)) and kind.source in _FORMS:
            found[_VERBS[match[2]], match[1]][kind.source] = kind.path
    in_campaign = found.pop(("import", "campaigns/{target}"))
    for (verb, noun), paths in found.items():
        _add_command(verb, noun, paths, in_campaign if (verb, noun) == ("import", "vouchers") else {})


_add_commands()
