"""Send files: preview them, send them, watch their actions, show the outcome."""

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.text import Text

from tallykeep.cli.kit.client import Client, Submitted
from tallykeep.cli.kit.exits import CliError, ExitCode, RefusedError, UsageError, exit_code
from tallykeep.cli.kit.previews import Preview, describe, preview_file, question
from tallykeep.cli.kit.progress import Bars
from tallykeep.cli.kit.row_types import CAMPAIGN_VOUCHERS, ROW_TYPES, Form, RowType, Verb
from tallykeep.cli.kit.sending import (
    Outcome,
    completed,
    follow,
    key_for,
    require_ending,
    send,
    show_outcome,
    show_started,
)
from tallykeep.cli.kit.show import aside, command, out, print_json
from tallykeep.cli.kit.sources import STANDARD_INPUT, FileToSend, open_file

_EXAMPLE = re.compile(r"say so with mapping, such as (\{[^{}]*\})")
_DONE_BEFORE: dict[Verb, str] = {"import": "this was imported", "update": "this was sent"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A job on files: the verb, the row type if it was named, the options.

    `query` are the options of the submission, `of_file` those of how the file is read, `repeated` the options as they
    would be typed again.
    """

    verb: Verb
    row_type: str | None
    campaign: str | None = None
    query: dict[str, Any] = field(default_factory=dict)
    of_file: dict[str, Any] = field(default_factory=dict)
    mapping: dict[str, str | None] = field(default_factory=dict)
    yes: bool = False
    repeated: list[str] = field(default_factory=list)
    key: str | None = None
    again: bool = False
    no_wait: bool = False
    failed_to: Path | None = None
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class _Job:
    """One file, and where it goes."""

    file: FileToSend
    row_type: RowType
    path: str
    guessed: bool
    query: dict[str, Any]
    preview: Preview | None = None


def send_files(client: Client, words: list[str], wanted: Wanted) -> ExitCode:
    """Send the files one after another, once all of them were previewed. Raises CliError for the first that fails."""
    _refuse_contradictions(words, wanted)
    jobs = _sure([_job(client, open_file(word), wanted) for word in words], wanted)
    outcomes: list[Outcome] = []
    try:
        for job in jobs:
            outcomes.append(_do(client, job, wanted))
    except CliError as error:
        left = [job.file.shown for job in jobs[len(outcomes) + 1 :]]
        raise type(error)(f"{error}\nNot sent: {', '.join(left)}" if left else str(error)) from None
    finally:
        if wanted.as_json:
            print_json([_as_json(job, outcome) for job, outcome in zip(jobs, outcomes, strict=False)])
    if wanted.no_wait:
        return ExitCode.DONE
    return max(exit_code(outcome.action) for outcome in outcomes)


def _do(client: Client, job: _Job, wanted: Wanted) -> Outcome:
    """Send one file, watch its action unless --no-wait, and show the outcome."""
    query, what = job.query, _DONE_BEFORE[wanted.verb]
    if not wanted.as_json:
        out().print(_heading(job), soft_wrap=True)
    key = key_for(job.file, job.path, query, explicit=wanted.key, again=wanted.again)
    with Bars(aside()) as bars:
        submitted = _send(client, bars, job, query, key)
        if not wanted.no_wait:
            action = follow(client, bars, submitted.action_id)
    if wanted.no_wait:
        outcome = Outcome(client.get(f"/v1/async-actions/{submitted.action_id}"), replayed=submitted.replayed)
    else:
        outcome = completed(client, action, submitted, wanted.failed_to)
    if not wanted.as_json:
        (show_started if wanted.no_wait else show_outcome)(outcome, what=what)
    return outcome


def _job(client: Client, file: FileToSend, wanted: Wanted) -> _Job:
    """Return where the file goes and with what.

    Raises UsageError where it cannot go there, RefusedError for its content.
    """
    if file.form == "json" and (wanted.mapping or {"defaults", "values"}.intersection(wanted.of_file)):
        raise UsageError(f"{file.shown}: --map, --skip, --default and --value are for columns; this is JSON")
    require_ending(wanted.failed_to, file.form)
    if wanted.row_type:
        _path(file, ROW_TYPES[wanted.row_type], wanted, file.form)
    if wanted.verb == "update":
        row_type = ROW_TYPES[str(wanted.row_type)]
        _require_another(wanted.failed_to, file)
        return _Job(file, row_type, _path(file, row_type, wanted, file.form), guessed=False, query=wanted.query)
    into = {"campaign": wanted.campaign} if wanted.campaign else {}
    preview = preview_file(client, file, wanted.of_file | into, wanted.row_type, wanted.mapping)
    row_type = ROW_TYPES[preview.row_type]
    if row_type.name == CAMPAIGN_VOUCHERS and wanted.campaign is None and (wanted.yes or not preview.doubts):
        raise UsageError(f"{file.shown}: these look like vouchers for a campaign; name it: --campaign NAME")
    require_ending(wanted.failed_to, preview.form)
    if not preview.is_of_failed_rows:
        _require_another(wanted.failed_to, file)
    mapping = {"mapping": json.dumps(preview.mapping, ensure_ascii=False)} if preview.mapping else {}
    path = _path(file, row_type, wanted, preview.form)
    query = wanted.query | wanted.of_file | (mapping if preview.form == "csv" else {})
    return _Job(file, row_type, path, guessed=wanted.row_type is None, query=query, preview=preview)


def _require_another(failed_to: Path | None, file: FileToSend) -> None:
    """Raise UsageError where the failed rows would be written over the file that they are from."""
    if failed_to is not None and failed_to.exists() and failed_to.samefile(file.path):
        raise UsageError(f"--failed-to {failed_to}: this is the file to send; it would be overwritten")


def _path(file: FileToSend, row_type: RowType, wanted: Wanted, form: Form) -> str:
    try:
        return row_type.path(wanted.verb, form, wanted.campaign)
    except UsageError as error:
        raise UsageError(f"{file.shown}: {error}") from None


def _sure(jobs: list[_Job], wanted: Wanted) -> list[_Job]:
    """Return the jobs; raises UsageError with what to write where it is not clear what some files are."""
    if not wanted.yes:
        questions = [
            question(job.preview, job.file, wanted.repeated) for job in jobs if job.preview and job.preview.doubts
        ]
        if questions:
            raise UsageError("\n".join(questions))
    return jobs


def _refuse_contradictions(words: list[str], wanted: Wanted) -> None:
    if not words:
        raise UsageError("Name the files; - is standard input")
    if len(words) > 1 and (wanted.failed_to or wanted.key):
        raise UsageError("--failed-to and --idempotency-key are for one file at a time")
    if wanted.no_wait and wanted.failed_to:
        raise UsageError("--failed-to has to wait for the end: leave out --no-wait")
    if words.count(STANDARD_INPUT) > 1:
        raise UsageError("Standard input can be read only once")


def _heading(job: _Job) -> Text:
    if job.preview is not None:
        return describe(job.preview, job.file.shown, guessed=job.guessed)
    return Text.assemble((job.file.shown, "bold"), f"  {job.row_type.name}")


def _send(client: Client, bars: Bars, job: _Job, query: dict[str, Any], key: str) -> Submitted:
    """Send the file; raises RefusedError, with the server's hints on columns as flags of this command."""
    try:
        return send(client, bars, job.file, job.path, query, key)
    except RefusedError as error:
        if (example := _EXAMPLE.search(str(error))) is None:
            raise
        map_ = " ".join(
            f"--skip {_quoted(column)}" if title is None else f"--map {_quoted(f'{column}={title}')}"
            for column, title in json.loads(example[1]).items()
        )
        raise RefusedError(
            f"{error}\nHere, that is {map_}; the right titles: {command('template', job.row_type.name)}", error.status
        ) from None


def _quoted(word: str) -> str:
    """Return the word in quotes, as a shell takes it."""
    quoted = shlex.quote(word)
    return quoted if quoted != word else f"'{word}'"


def _as_json(job: _Job, outcome: Outcome) -> dict[str, Any]:
    answer = {"file": job.file.shown, "row_type": job.row_type.name, "guessed": job.guessed}
    if job.preview is not None:
        answer |= {"mapping": job.preview.mapping, "warnings": job.preview.warnings}
    return answer | outcome.to_json()
