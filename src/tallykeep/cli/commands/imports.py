"""`tallykeep import` and `tallykeep update`: send files, watch them, show what became of every row."""

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text
from typer.core import TyperCommand

from tallykeep.cli.commands.campaigns import addressed
from tallykeep.cli.kit.client import Client, Submitted
from tallykeep.cli.kit.connection import connected
from tallykeep.cli.kit.exits import EXIT_CODES, CliError, ExitCode, RefusedError, UsageError, exit_code
from tallykeep.cli.kit.file_options import (
    Campaign,
    Defaults,
    Named,
    Skipped,
    Values,
    Yes,
    as_options,
    defaults_of,
    mapping_of,
    parameters_of,
    values_of,
)
from tallykeep.cli.kit.option_flags import OfFileAndEnds, OfSubmission, as_flags, as_parameters
from tallykeep.cli.kit.previews import Look, described, look, question
from tallykeep.cli.kit.progress import Bars
from tallykeep.cli.kit.row_types import CAMPAIGN_VOUCHERS, IMPORTED, ROW_TYPES, UPDATED, Form, RowType, Verb
from tallykeep.cli.kit.sending import (
    Again,
    AsJson,
    FailedTo,
    Key,
    NoWait,
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

IMPORT_HELP = (
    f"Import files and account for every row.\n\nKIND is one of {', '.join(IMPORTED)}; left out, it is told from the "
    "columns, and said. The server is asked what the columns are; where that is not sure, nothing is sent, and what to "
    "write is said. FILE is CSV, XLSX, JSON or NDJSON, also compressed (.gz, .zst); - is standard input. The same file "
    f"sent again within a day is imported once (--again, if that is not what you want).\n\n{EXIT_CODES}"
)
UPDATE_HELP = (
    f"Update in bulk, from files of objects.\n\nKIND is one of {', '.join(UPDATED)}. FILE is JSON or NDJSON, also "
    f"compressed; - is standard input.\n\n{EXIT_CODES}"
)


def _words_of(known: tuple[str, ...], incomplete: str) -> list[str]:
    """Kinds and files that begin like this, for the shell."""
    files = (str(path) + "/" * path.is_dir() for path in sorted(Path().glob(f"{incomplete}*")))
    return [*(name for name in known if name.startswith(incomplete)), *files]


def _import_words(incomplete: str) -> list[str]:
    return _words_of(IMPORTED, incomplete)


def _update_words(incomplete: str) -> list[str]:
    return _words_of(UPDATED, incomplete)


class CommandOnFiles(TyperCommand):
    """A command whose first word may be a kind, and says so in its usage."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """What stands behind the command's name."""
        row_type = "KIND" if self.name == "update" else "[KIND]"
        return ["[OPTIONS]", row_type, "FILE..."]


Words = Annotated[
    list[str],
    typer.Argument(
        metavar="[KIND] FILE...",
        help="What the rows are, if it is to be said, and the files that hold them.",
        show_default=False,
        autocompletion=_import_words,
    ),
]
KindAndFiles = Annotated[
    list[str],
    typer.Argument(
        metavar="KIND FILE...",
        help="What is to be updated, and the files that say how.",
        show_default=False,
        autocompletion=_update_words,
    ),
]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be done with files: the verb, the kind if it was said, the options.

    `query` is what is asked of the submission alone, `of_file` what says how the file is read, `repeated` the options
    as they would be written again.
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
    look: Look | None = None


@connected
def import_(
    client: Client,
    words: Words,
    campaign: Campaign = None,
    of_submission: OfSubmission = None,
    named: Named = None,
    skipped: Skipped = None,
    defaults: Defaults = None,
    values: Values = None,
    of_file: OfFileAndEnds = None,
    yes: Yes = False,
    failed_to: FailedTo = None,
    no_wait: NoWait = False,
    idempotency_key: Key = None,
    again: Again = False,
    as_json: AsJson = False,
) -> None:
    """`tallykeep import`; its help is IMPORT_HELP."""
    row_type, files = _row_type_and_files(words, IMPORTED)
    row_type = _row_type_in(campaign, row_type)
    wanted = Wanted(
        "import",
        row_type,
        None if campaign is None else addressed(client, campaign),
        query=as_parameters(of_submission or {}),
        of_file=parameters_of({
            "defaults": defaults_of(defaults), "values": values_of(values), **as_parameters(of_file or {}),
        }),
        mapping=mapping_of(named, skipped),
        yes=yes,
        repeated=as_options({
            "campaign": campaign, "skip": skipped, "default": defaults, "value": values, **as_flags(of_file or {}),
            **as_flags(of_submission or {}), "failed-to": failed_to, "no-wait": no_wait,
            "idempotency-key": idempotency_key, "again": again, "json": as_json,
        }),
        key=idempotency_key,
        again=again,
        no_wait=no_wait,
        failed_to=failed_to,
        as_json=as_json,
    )  # fmt: skip
    raise typer.Exit(send_files(client, files, wanted))


@connected
def update(
    client: Client,
    words: KindAndFiles,
    of_submission: OfSubmission = None,
    failed_to: FailedTo = None,
    no_wait: NoWait = False,
    idempotency_key: Key = None,
    again: Again = False,
    as_json: AsJson = False,
) -> None:
    """`tallykeep update`; its help is UPDATE_HELP."""
    row_type, files = _row_type_and_files(words, UPDATED)
    if row_type is None:
        raise UsageError(f"Say what is to be updated: {' or '.join(UPDATED)}")
    query = as_parameters(of_submission or {})
    wanted = Wanted("update", row_type, query=query, key=idempotency_key, again=again, no_wait=no_wait,
                    failed_to=failed_to, as_json=as_json)  # fmt: skip
    raise typer.Exit(send_files(client, files, wanted))


def send_files(client: Client, words: list[str], wanted: Wanted) -> ExitCode:
    """Send the files one after another; nothing is sent before all of them were looked into."""
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
    """Send one file, watch its action where that is wanted, and show what became of it."""
    query, what = job.query, _DONE_BEFORE[wanted.verb]
    if not wanted.as_json:
        out().print(_heading(job), soft_wrap=True)
    key = key_for(job.file, job.path, query, given=wanted.key, again=wanted.again)
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
    """Where the file goes, and with what; raises UsageError where it cannot go there, RefusedError for what it is."""
    if file.form == "json" and (wanted.mapping or {"defaults", "values"}.intersection(wanted.of_file)):
        raise UsageError(f"{file.shown}: --map, --skip, --default and --value go with columns; this is JSON")
    require_ending(wanted.failed_to, file.form)
    if wanted.row_type:
        _path(file, ROW_TYPES[wanted.row_type], wanted, file.form)
    if wanted.verb == "update":
        row_type = ROW_TYPES[str(wanted.row_type)]
        _require_another(wanted.failed_to, file)
        return _Job(file, row_type, _path(file, row_type, wanted, file.form), guessed=False, query=wanted.query)
    into = {"campaign": wanted.campaign} if wanted.campaign else {}
    found = look(client, file, wanted.of_file | into, wanted.row_type, wanted.mapping)
    row_type = ROW_TYPES[found.row_type]
    if row_type.name == CAMPAIGN_VOUCHERS and wanted.campaign is None and (wanted.yes or not found.doubts):
        raise UsageError(f"{file.shown}: these look like vouchers for a campaign; say which: --campaign NAME")
    require_ending(wanted.failed_to, found.form)
    if not found.is_of_failed_rows:
        _require_another(wanted.failed_to, file)
    mapping = {"mapping": json.dumps(found.mapping, ensure_ascii=False)} if found.mapping else {}
    path = _path(file, row_type, wanted, found.form)
    query = wanted.query | wanted.of_file | (mapping if found.form == "csv" else {})
    return _Job(file, row_type, path, guessed=wanted.row_type is None, query=query, look=found)


def _require_another(failed_to: Path | None, file: FileToSend) -> None:
    """Raise UsageError where the failed rows would be written over the file that they are from."""
    if failed_to is not None and failed_to.exists() and failed_to.samefile(file.path):
        raise UsageError(f"--failed-to {failed_to}: this is the file that is sent; it would be written over")


def _path(file: FileToSend, row_type: RowType, wanted: Wanted, form: Form) -> str:
    try:
        return row_type.path(wanted.verb, form, wanted.campaign)
    except UsageError as error:
        raise UsageError(f"{file.shown}: {error}") from None


def _sure(jobs: list[_Job], wanted: Wanted) -> list[_Job]:
    """The jobs; raises UsageError with what to write where it is not sure what some files are."""
    if not wanted.yes:
        asked = [question(job.look, job.file, wanted.repeated) for job in jobs if job.look and job.look.doubts]
        if asked:
            raise UsageError("\n".join(asked))
    return jobs


def _refuse_contradictions(words: list[str], wanted: Wanted) -> None:
    if not words:
        raise UsageError("Name the files; - is standard input")
    if len(words) > 1 and (wanted.failed_to or wanted.key):
        raise UsageError("--failed-to and --idempotency-key go with one file at a time")
    if wanted.no_wait and wanted.failed_to:
        raise UsageError("--failed-to needs to wait for the end: leave out --no-wait")
    if words.count(STANDARD_INPUT) > 1:
        raise UsageError("Standard input can be read once")


def _row_type_and_files(words: list[str], known: tuple[str, ...]) -> tuple[str | None, list[str]]:
    return (words[0], words[1:]) if words[0] in known else (None, words)


def _row_type_in(campaign: str | None, row_type: str | None) -> str | None:
    """The kind as it is with this campaign; raises UsageError for what does not go into one, or into none."""
    if campaign is not None and row_type not in (None, "vouchers", CAMPAIGN_VOUCHERS):
        raise UsageError("Only vouchers are imported into a campaign; leave --campaign out")
    if campaign is None and row_type == CAMPAIGN_VOUCHERS:
        raise UsageError("Say which campaign they are for: --campaign NAME")
    return CAMPAIGN_VOUCHERS if campaign is not None else row_type


def _heading(job: _Job) -> Text:
    if job.look is not None:
        return described(job.look, job.file.shown, guessed=job.guessed)
    return Text.assemble((job.file.shown, "bold"), f"  {job.row_type.name}")


def _send(client: Client, bars: Bars, job: _Job, query: dict[str, Any], key: str) -> Submitted:
    """Send the file; what the server says of columns is said in the words of this command too."""
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
    """The word in quotes, as a shell takes it."""
    quoted = shlex.quote(word)
    return quoted if quoted != word else f"'{word}'"


def _as_json(job: _Job, outcome: Outcome) -> dict[str, Any]:
    told = {"file": job.file.shown, "row_type": job.row_type.name, "guessed": job.guessed}
    if job.look is not None:
        told |= {"mapping": job.look.mapping, "warnings": job.look.warnings}
    return told | outcome.to_json()
