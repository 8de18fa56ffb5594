"""Starting actions and seeing them through: what imports, updates and retries have in common."""

import hashlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from tallykeep.cli.kit.client import Client, Submitted
from tallykeep.cli.kit.exits import CliError, ExitCode, InterruptedByUserError, UsageError, exit_code
from tallykeep.cli.kit.phrases import ago, rows
from tallykeep.cli.kit.progress import Bars
from tallykeep.cli.kit.row_types import Form
from tallykeep.cli.kit.show import aside, command, failure_groups, out, print_json, tally
from tallykeep.cli.kit.sources import FileToSend
from tallykeep.core.submission_options import OPTIONS

DryRun = Annotated[bool, typer.Option("--dry-run", help=OPTIONS["dry_run"].flag_help)]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Return as soon as the server has accepted everything.")]
FailedTo = Annotated[
    Path | None,
    typer.Option(
        "--failed-to",
        dir_okay=False,
        writable=True,
        help="Write the rows that are not in to this file, with what is wrong with each: fix it, and send it.",
    ),
]
Key = Annotated[str | None, typer.Option("--idempotency-key", help="Sent again under this key, the same is done once.")]
Again = Annotated[bool, typer.Option("--again", help="Even if the same was sent before: once more.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_UNIQUE = "once-"
_ENDINGS: dict[Form, tuple[str, ...]] = {"csv": (".csv",), "json": (".ndjson", ".jsonl", ".json")}


@dataclass(slots=True)
class Outcome:
    """What became of one submission: its action, its failures by reason, and what else scripts may want to know."""

    action: dict[str, Any]
    reasons: list[dict[str, Any]] = field(default_factory=list)
    replayed: bool = False
    failed_to: Path | None = None

    def to_json(self) -> dict[str, Any]:
        """As `--json` has it."""
        failed_to = str(self.failed_to) if self.failed_to else None
        return {"replayed": self.replayed, "failed_to": failed_to, "reasons": self.reasons, "action": self.action}


def key_for(file: FileToSend, path: str, query: dict[str, Any], *, explicit: str | None, again: bool) -> str:
    """The submission's idempotency key: as given, or the same for the same content, place and wishes.

    The server keeps keys by project. A dry run is done anew each time: it is what has changed since that it is for.
    """
    if explicit:
        return explicit
    if again or query.get("dry_run"):
        return new_key()
    submission = json.dumps([path, sorted(query.items()), file.digest])
    return f"file-{hashlib.sha256(submission.encode()).hexdigest()[:40]}"


def new_key() -> str:
    """An idempotency key that was never used."""
    return f"{_UNIQUE}{secrets.token_hex(16)}"


def send(client: Client, bars: Bars, file: FileToSend, path: str, query: dict[str, Any], key: str) -> Submitted:
    """Send the file; Ctrl-C tells whether anything was accepted."""
    chunks = bars.sending(file)
    try:
        return client.submit_file(path, file.name, file.size, chunks, key, **query)
    except KeyboardInterrupt:
        if next(chunks, None) is not None:
            raise InterruptedByUserError(f"Interrupted: nothing of {file.shown} was accepted.") from None
        hint = "" if key.startswith(_UNIQUE) else "; or run the same again, which imports it once"
        raise InterruptedByUserError(
            f"Interrupted just before the server's answer: {file.shown} may have been accepted, or not."
            f" Look: {command('actions', 'list')}{hint}."
        ) from None
    finally:
        bars.uploaded(file)


def follow(client: Client, bars: Bars, action_id: str) -> dict[str, Any]:
    """Wait for the action's end; Ctrl-C leaves it running and says how to come back to it."""
    try:
        return bars.watch(client, action_id)
    except KeyboardInterrupt:
        raise InterruptedByUserError(
            f"{action_id} goes on without you.\n"
            f"  watch it again:  {command('actions', 'watch', action_id)}\n"
            f"  end it:          {command('actions', 'cancel', action_id)}"
        ) from None
    except CliError as error:
        raise type(error)(f"{error}\n{action_id} may go on: {command('actions', 'watch', action_id)}") from None


def see_through(client: Client, started: Submitted, *, no_wait: bool, as_json: bool, what: str) -> ExitCode:
    """Watch what was started without a file, where that is wanted, and show what became of it."""
    if no_wait:
        outcome = Outcome(client.get(f"/v1/async-actions/{started.action_id}"), replayed=started.replayed)
    else:
        with Bars(aside()) as bars:
            action = follow(client, bars, started.action_id)
        outcome = completed(client, action, started, None)
    if as_json:
        print_json(outcome.to_json())
    else:
        (show_started if no_wait else show_outcome)(outcome, what=what)
    return ExitCode.DONE if no_wait else exit_code(outcome.action)


def completed(client: Client, action: dict[str, Any], submitted: Submitted, failed_to: Path | None) -> Outcome:
    """The outcome of an action that has ended; its failed rows are in `failed_to` by then."""
    outcome = Outcome(action, failure_groups(client, action), submitted.replayed)
    if failed_to is not None and _left(action):
        save_failures(client, action, failed_to)
        outcome.failed_to = failed_to
    return outcome


def require_ending(failed_to: Path | None, form: Form) -> None:
    """Raises UsageError for a file whose rows could not be sent again in the form that they came in."""
    if failed_to is not None and failed_to.suffix.lower() not in _ENDINGS[form]:
        raise UsageError(f"--failed-to {failed_to}: these rows go to a file that ends with {_ENDINGS[form][0]}")


def save_failures(client: Client, action: dict[str, Any], file: Path) -> None:
    """Write the failed and the unprocessed rows to the file; where they cannot be had, it stays as it was."""
    ending = ".csv" if file.suffix.lower() in _ENDINGS["csv"] else ".ndjson"
    path = f"/v1/async-actions/{action['id']}/failures{ending}"
    write_file(file, client.download(path, include_unprocessed=bool(action["unprocessed_count"])))


def write_file(file: Path, chunks: Iterator[bytes]) -> None:
    """Write the chunks to the file, which is touched once the first of them has come."""
    first = next(chunks, b"")
    try:
        with file.open("wb") as opened:
            opened.write(first)
            opened.writelines(chunks)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from None


def show_outcome(outcome: Outcome, *, what: str) -> None:
    """Print what became of it, and what to do next."""
    console, action = out(), outcome.action
    if outcome.replayed:
        console.print(Text(_replay_message(action, what), style="yellow"))
    console.print(tally(action, outcome.reasons))
    for line in _next_steps(outcome):
        console.print(Text(f"  {line}", style="dim"), soft_wrap=True)


def show_started(outcome: Outcome, *, what: str) -> None:
    """Print that it goes on, and how to come back to it."""
    console, action = out(), outcome.action
    if outcome.replayed:
        console.print(Text(_replay_message(action, what), style="yellow"))
    watching = command("actions", "watch", action["id"])
    console.print(Text(f"  accepted: {rows(action['total_count'])} as {action['id']}   {watching}"), soft_wrap=True)


def _replay_message(action: dict[str, Any], what: str) -> str:
    name = f" ({action['file_name']})" if action["file_name"] else ""
    return f"  {what} before, {ago(action['created_at'])}{name}: nothing was done twice. Once more, with --again"


def _left(action: dict[str, Any]) -> int:
    """How many rows are not in."""
    return int(action["failed_count"] + action["unprocessed_count"])


def _next_steps(outcome: Outcome) -> Iterator[str]:
    action = outcome.action
    if not _left(action):
        return
    if action["dry_run"]:
        if outcome.failed_to:
            yield f"{rows(_left(action))} in {outcome.failed_to}, with what is wrong with each"
    elif outcome.failed_to:
        yield f"{rows(_left(action))} in {outcome.failed_to}, with what is wrong with each; fix them, then:"
        yield f"  {command('actions', 'retry', action['id'], str(outcome.failed_to))}"
    else:
        yield "get these rows, to fix them:"
        yield f"  {command('actions', 'failures', action['id'], '--to', _failed_file(action))}"


def _failed_file(action: dict[str, Any]) -> str:
    """A name for the file of failed rows, in the form that they came in."""
    return "failed.csv" if action["type"].endswith("_CSV") else "failed.ndjson"
