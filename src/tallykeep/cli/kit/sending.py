"""Start actions and watch them: what imports, updates and retries share."""

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
from tallykeep.cli.kit.exits import (
    CliError,
    ExitCode,
    InterruptedByUserError,
    RefusedError,
    UnavailableError,
    UsageError,
    Waits,
    exit_code,
)
from tallykeep.cli.kit.phrases import ago, rows
from tallykeep.cli.kit.progress import Bars
from tallykeep.cli.kit.row_types import Form
from tallykeep.cli.kit.show import aside, command, failure_groups, out, print_json, tally
from tallykeep.cli.kit.sources import FileToSend
from tallykeep.core.options.submission_options import OPTIONS

DryRun = Annotated[bool, typer.Option("--dry-run", help=OPTIONS["dry_run"].flag_help)]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Return as soon as the server has accepted the rows.")]
FailedTo = Annotated[
    Path | None,
    typer.Option(
        "--failed-to",
        dir_okay=False,
        writable=True,
        help="Write failed and unprocessed rows to this file, with their reasons: fix them, then retry.",
    ),
]
Key = Annotated[
    str | None, typer.Option("--idempotency-key", help="A submission repeated with this key is processed only once.")
]
Again = Annotated[bool, typer.Option("--again", help="Send again, even if the same was sent before.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_UNIQUE = "once-"
_ENDINGS: dict[Form, tuple[str, ...]] = {"csv": (".csv",), "json": (".ndjson", ".jsonl", ".json")}


@dataclass(slots=True)
class Outcome:
    """The outcome of one submission: its action, its failures by reason, and what else scripts need."""

    action: dict[str, Any]
    reasons: list[dict[str, Any]] = field(default_factory=list)
    replayed: bool = False
    failed_to: Path | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        failed_to = str(self.failed_to) if self.failed_to else None
        return {"replayed": self.replayed, "failed_to": failed_to, "reasons": self.reasons, "action": self.action}


def key_for(file: FileToSend, path: str, query: dict[str, Any], *, explicit: str | None, again: bool) -> str:
    """Return the submission's idempotency key: the explicit one, or one made of content, path and options.

    The server keeps keys by project. A dry run is never replayed: it is there to see what has changed.
    """
    if explicit:
        return explicit
    if again or query.get("dry_run"):
        return new_key()
    submission = json.dumps([path, sorted(query.items()), file.digest])
    return f"file-{hashlib.sha256(submission.encode()).hexdigest()[:40]}"


def new_key() -> str:
    """Return an idempotency key that was never used."""
    return f"{_UNIQUE}{secrets.token_hex(16)}"


def send(client: Client, bars: Bars, file: FileToSend, path: str, query: dict[str, Any], key: str) -> Submitted:
    """Send the file, again where the server says when; raises InterruptedByUserError on Ctrl-C, saying whether anything
    was accepted.
    """
    waits = Waits()
    while True:
        try:
            return _send_once(client, bars, file, path, query, key)
        except (RefusedError, UnavailableError) as refused:
            waits.wait_for(refused)


def _send_once(client: Client, bars: Bars, file: FileToSend, path: str, query: dict[str, Any], key: str) -> Submitted:
    chunks = bars.sending(file)
    try:
        return client.submit_file(path, file.name, file.size, chunks, key, **query)
    except KeyboardInterrupt:
        if next(chunks, None) is not None:
            raise InterruptedByUserError(f"Interrupted: nothing of {file.shown} was accepted.") from None
        hint = "" if key.startswith(_UNIQUE) else "; or run the same command again, which imports it only once"
        raise InterruptedByUserError(
            f"Interrupted just before the server's answer: {file.shown} may have been accepted, or not."
            f" Check: {command('actions', 'list')}{hint}."
        ) from None
    finally:
        bars.uploaded(file)


def follow(client: Client, bars: Bars, action_id: str) -> dict[str, Any]:
    """Wait for the action's end; raises CliError, also on Ctrl-C, saying how to come back to it."""
    try:
        return bars.watch(client, action_id)
    except KeyboardInterrupt:
        raise InterruptedByUserError(
            f"{action_id} keeps running.\n"
            f"  watch it again:  {command('actions', 'watch', action_id)}\n"
            f"  end it:          {command('actions', 'cancel', action_id)}"
        ) from None
    except CliError as error:
        raise type(error)(
            f"{error}\n{action_id} may still be running: {command('actions', 'watch', action_id)}"
        ) from None


def see_through(client: Client, started: Submitted, *, no_wait: bool, as_json: bool, what: str) -> ExitCode:
    """Watch an action that was started without a file, unless `no_wait`, and show its outcome."""
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
    """Return the outcome of an ended action, its failed rows written to `failed_to`."""
    outcome = Outcome(action, failure_groups(client, action), submitted.replayed)
    if failed_to is not None and _left(action):
        save_failures(client, action, failed_to)
        outcome.failed_to = failed_to
    return outcome


def require_ending(failed_to: Path | None, form: Form) -> None:
    """Raise UsageError for a file that could not be sent again in the format its rows came in."""
    if failed_to is not None and failed_to.suffix.lower() not in _ENDINGS[form]:
        raise UsageError(f"--failed-to {failed_to}: use a file name that ends with {_ENDINGS[form][0]}")


def save_failures(client: Client, action: dict[str, Any], file: Path) -> None:
    """Write the failed and the unprocessed rows to the file, which stays as it was where they cannot be downloaded."""
    ending = ".csv" if file.suffix.lower() in _ENDINGS["csv"] else ".ndjson"
    path = f"/v1/async-actions/{action['id']}/failures{ending}"
    write_file(file, client.download(path, include_unprocessed=bool(action["unprocessed_count"])))


def write_file(file: Path, chunks: Iterator[bytes]) -> None:
    """Write the chunks to the file, once the first of them is there; raises UsageError where that fails."""
    first = next(chunks, b"")
    try:
        with file.open("wb") as opened:
            opened.write(first)
            opened.writelines(chunks)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from None


def show_outcome(outcome: Outcome, *, what: str) -> None:
    """Print the outcome, and what to do next."""
    console, action = out(), outcome.action
    if outcome.replayed:
        console.print(Text(_replay_message(action, what), style="yellow"))
    console.print(tally(action, outcome.reasons))
    for line in _next_steps(outcome):
        console.print(Text(f"  {line}", style="dim"), soft_wrap=True)


def show_started(outcome: Outcome, *, what: str) -> None:
    """Print that it was accepted, and how to watch it."""
    console, action = out(), outcome.action
    if outcome.replayed:
        console.print(Text(_replay_message(action, what), style="yellow"))
    watching = command("actions", "watch", action["id"])
    console.print(Text(f"  accepted: {rows(action['total_count'])} as {action['id']}   {watching}"), soft_wrap=True)


def _replay_message(action: dict[str, Any], what: str) -> str:
    name = f" ({action['file_name']})" if action["file_name"] else ""
    return f"  {what} before, {ago(action['created_at'])}{name}: nothing was done twice. To send it again: --again"


def _left(action: dict[str, Any]) -> int:
    """Return how many rows were not imported."""
    return int(action["failed_count"] + action["unprocessed_count"])


def _next_steps(outcome: Outcome) -> Iterator[str]:
    action = outcome.action
    if not _left(action):
        return
    if action["dry_run"]:
        if outcome.failed_to:
            yield f"{rows(_left(action))} in {outcome.failed_to}, with their reasons"
    elif outcome.failed_to:
        yield f"{rows(_left(action))} in {outcome.failed_to}, with their reasons; fix them, then:"
        yield f"  {command('actions', 'retry', action['id'], str(outcome.failed_to))}"
    else:
        yield "get these rows, to fix them:"
        yield f"  {command('actions', 'failures', action['id'], '--to', _failed_file(action))}"


def _failed_file(action: dict[str, Any]) -> str:
    """Return a name for the file of failed rows, by the format they came in."""
    return "failed.csv" if action["type"].endswith("_CSV") else "failed.ndjson"
