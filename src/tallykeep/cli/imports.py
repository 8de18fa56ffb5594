"""`tallykeep import` and `tallykeep update`: send files, watch them, show what became of every row."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text
from typer.core import TyperCommand

from tallykeep.cli.campaigns import addressed
from tallykeep.cli.client import Client, Submitted
from tallykeep.cli.connection import connected
from tallykeep.cli.exits import EXIT_CODES, CliError, ExitCode, RefusedError, UsageError, exit_code
from tallykeep.cli.kinds import CAMPAIGN_VOUCHERS, IMPORTED, UPDATED, Kind, Verb, guess_kind, kinds
from tallykeep.cli.progress import Bars
from tallykeep.cli.sending import (
    Again,
    AsJson,
    DryRun,
    FailedTo,
    Key,
    MaxFailures,
    NoWait,
    Outcome,
    Policy,
    completed,
    follow,
    key_for,
    require_ending,
    send,
    show_outcome,
    show_started,
    wishes_of,
)
from tallykeep.cli.show import aside, command, out, print_json
from tallykeep.cli.sources import STANDARD_INPUT, FileToSend, open_file
from tallykeep.model import OnError, normal_title

_MOST_SHOWN = 8
_EXAMPLE = re.compile(r"say so with mapping, such as (\{[^{}]*\})")
_DONE_BEFORE: dict[Verb, str] = {"import": "this was imported", "update": "this was sent"}

IMPORT_HELP = (
    f"Import files and account for every row.\n\nKIND is one of {', '.join(IMPORTED)}; left out, it is told from the "
    "columns, and said. FILE is CSV, XLSX, JSON or NDJSON, also compressed (.gz, .zst); - is standard input. The same "
    f"file sent again within a day is imported once (--again, if that is not what you want).\n\n{EXIT_CODES}"
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
        kind = "KIND" if self.name == "update" else "[KIND]"
        return ["[OPTIONS]", kind, "FILE..."]


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
Campaign = Annotated[str | None, typer.Option("--campaign", help="Into this campaign, by name or id.")]
Named = Annotated[
    list[str] | None, typer.Option("--map", help="A column by another title: 'Gutschein=Code'. As often as needed.")
]
Skipped = Annotated[list[str] | None, typer.Option("--skip", help="A column to leave out. As often as needed.")]
Defaults = Annotated[
    list[str] | None,
    typer.Option("--default", help="A text where a cell is empty, or its column missing: 'Discount Type=PERCENT'."),
]
Values = Annotated[
    list[str] | None,
    typer.Option("--value", help="What a text in the file means: 'Voucher Type:Gutschein=GIFT_VOUCHER'."),
]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be done with files: the verb, the kind if it was said, the options."""

    verb: Verb
    kind: str | None
    campaign: str | None = None
    query: dict[str, Any] = field(default_factory=dict)
    mapping: dict[str, str | None] = field(default_factory=dict)
    of_columns: bool = False
    key: str | None = None
    again: bool = False
    no_wait: bool = False
    failed_to: Path | None = None
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class _Job:
    """One file, and where it goes."""

    file: FileToSend
    kind: Kind
    path: str
    guessed: bool


@connected
def import_(
    client: Client,
    words: Words,
    campaign: Campaign = None,
    dry_run: DryRun = False,
    on_error: Policy = OnError.CONTINUE,
    max_failures: MaxFailures = None,
    named: Named = None,
    skipped: Skipped = None,
    defaults: Defaults = None,
    values: Values = None,
    failed_to: FailedTo = None,
    no_wait: NoWait = False,
    idempotency_key: Key = None,
    again: Again = False,
    as_json: AsJson = False,
) -> None:
    """`tallykeep import`; its help is IMPORT_HELP."""
    kind, files = _kind_and_files(words, IMPORTED)
    kind = _kind_in(campaign, kind)
    mapping = _mapping(named, skipped)
    wishes = wishes_of(dry_run, on_error, max_failures)
    filled = {"mapping": mapping, "defaults": _defaults(defaults), "values": _values(values)}
    of_columns = {name: json.dumps(wish) for name, wish in filled.items() if wish}
    into = None if campaign is None else addressed(client, campaign)
    query = wishes | of_columns
    wanted = Wanted("import", kind, into, query, mapping, bool(of_columns), idempotency_key, again, no_wait,
                    failed_to, as_json)  # fmt: skip
    raise typer.Exit(send_files(client, files, wanted))


@connected
def update(
    client: Client,
    words: KindAndFiles,
    dry_run: DryRun = False,
    on_error: Policy = OnError.CONTINUE,
    max_failures: MaxFailures = None,
    failed_to: FailedTo = None,
    no_wait: NoWait = False,
    idempotency_key: Key = None,
    again: Again = False,
    as_json: AsJson = False,
) -> None:
    """`tallykeep update`; its help is UPDATE_HELP."""
    kind, files = _kind_and_files(words, UPDATED)
    if kind is None:
        raise UsageError(f"Say what is to be updated: {' or '.join(UPDATED)}")
    query = wishes_of(dry_run, on_error, max_failures)
    wanted = Wanted("update", kind, query=query, key=idempotency_key, again=again, no_wait=no_wait,
                    failed_to=failed_to, as_json=as_json)  # fmt: skip
    raise typer.Exit(send_files(client, files, wanted))


def send_files(client: Client, words: list[str], wanted: Wanted) -> ExitCode:
    """Send the files one after another; nothing is sent before all of them were looked into."""
    _refuse_contradictions(words, wanted)
    jobs = [_job(open_file(word), wanted) for word in words]
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
    query, what = wanted.query, _DONE_BEFORE[wanted.verb]
    if not wanted.as_json:
        out().print(_heading(job, wanted), soft_wrap=True)
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


def _job(file: FileToSend, wanted: Wanted) -> _Job:
    kind = kinds()[wanted.kind] if wanted.kind else _guessed(file, wanted)
    if kind.name == CAMPAIGN_VOUCHERS and wanted.campaign is None:
        raise UsageError(f"{file.shown}: these look like vouchers for a campaign; say which: --campaign NAME")
    if file.form == "json" and wanted.of_columns:
        raise UsageError(f"{file.shown}: --map, --skip, --default and --value go with columns; this is JSON")
    require_ending(wanted.failed_to, file.form)
    try:
        path = kind.path(wanted.verb, file.form, wanted.campaign)
    except UsageError as error:
        raise UsageError(f"{file.shown}: {error}") from None
    return _Job(file, kind, path, guessed=wanted.kind is None)


def _guessed(file: FileToSend, wanted: Wanted) -> Kind:
    try:
        return guess_kind(file.form, _renamed(file.columns, wanted.mapping), in_campaign=wanted.campaign is not None)
    except UsageError as error:
        raise UsageError(f"{file.shown}: {error}") from None


def _renamed(columns: list[str], mapping: dict[str, str | None]) -> list[str]:
    titles = {normal_title(column): title for column, title in mapping.items()}
    return [title for column in columns if (title := titles.get(normal_title(column), column)) is not None]


def _refuse_contradictions(words: list[str], wanted: Wanted) -> None:
    if not words:
        raise UsageError("Name the files; - is standard input")
    if len(words) > 1 and (wanted.failed_to or wanted.key):
        raise UsageError("--failed-to and --idempotency-key go with one file at a time")
    if wanted.no_wait and wanted.failed_to:
        raise UsageError("--failed-to needs to wait for the end: leave out --no-wait")
    if words.count(STANDARD_INPUT) > 1:
        raise UsageError("Standard input can be read once")


def _kind_and_files(words: list[str], known: tuple[str, ...]) -> tuple[str | None, list[str]]:
    return (words[0], words[1:]) if words[0] in known else (None, words)


def _kind_in(campaign: str | None, kind: str | None) -> str | None:
    """The kind as it is with this campaign; raises UsageError for what does not go into one, or into none."""
    if campaign is not None and kind not in (None, "vouchers", CAMPAIGN_VOUCHERS):
        raise UsageError("Only vouchers are imported into a campaign; leave --campaign out")
    if campaign is None and kind == CAMPAIGN_VOUCHERS:
        raise UsageError("Say which campaign they are for: --campaign NAME")
    return CAMPAIGN_VOUCHERS if campaign is not None else kind


def _mapping(named: list[str] | None, skipped: list[str] | None) -> dict[str, str | None]:
    mapping: dict[str, str | None] = dict.fromkeys(skipped or [])
    for pair in named or []:
        column, sign, title = pair.rpartition("=")
        if not sign or not column.strip() or not title.strip():
            raise UsageError(f"--map {pair!r} should be 'Title=name', such as 'Gutschein=Code'")
        mapping[column] = title
    return mapping


def _defaults(given: list[str] | None) -> dict[str, str]:
    defaults: dict[str, str] = {}
    for pair in given or []:
        title, sign, text = pair.partition("=")
        if not sign or not title.strip() or not text.strip():
            raise UsageError(f"--default {pair!r} should be 'Title=text', such as 'Discount Type=PERCENT'")
        defaults[title.strip()] = text.strip()
    return defaults


def _values(given: list[str] | None) -> dict[str, dict[str, str]]:
    values: dict[str, dict[str, str]] = {}
    for each in given or []:
        title, colon, pair = each.partition(":")
        text, sign, meant = pair.rpartition("=")
        if not colon or not sign or not title.strip() or not text.strip():
            raise UsageError(
                f"--value {each!r} should be 'Title:text=meaning', such as 'Voucher Type:Gutschein=GIFT_VOUCHER'"
            )
        values.setdefault(title.strip(), {})[text.strip()] = meant.strip()
    return values


def _heading(job: _Job, wanted: Wanted) -> Text:
    told = " (told from its columns)" if job.guessed else ""
    heading = Text.assemble((job.file.shown, "bold"), f"  {job.kind.name}{told}")
    unknown = job.kind.unknown(_renamed(job.file.columns, wanted.mapping)) if job.file.form == "csv" else []
    if unknown:
        more = f" and {len(unknown) - _MOST_SHOWN} more" if len(unknown) > _MOST_SHOWN else ""
        heading.append(f"\n  as metadata: {', '.join(unknown[:_MOST_SHOWN])}{more}", style="dim")
    return heading


def _send(client: Client, bars: Bars, job: _Job, query: dict[str, Any], key: str) -> Submitted:
    """Send the file; what the server says of columns is said in the words of this command too."""
    try:
        return send(client, bars, job.file, job.path, query, key)
    except RefusedError as error:
        if (example := _EXAMPLE.search(str(error))) is None:
            raise
        map_ = " ".join(f"--map '{column}={title}'" for column, title in json.loads(example[1]).items())
        raise RefusedError(
            f"{error}\nHere, that is {map_}; the right titles: {command('template', job.kind.name)}", error.status
        ) from None


def _as_json(job: _Job, outcome: Outcome) -> dict[str, Any]:
    return {"file": job.file.shown, "kind": job.kind.name, "guessed": job.guessed, **outcome.to_json()}
