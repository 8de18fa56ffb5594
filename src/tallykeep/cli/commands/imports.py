"""`tallykeep import` and `tallykeep update`: send files, watch them, and show the outcome of every row."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from tallykeep.cli.commands.campaigns import addressed
from tallykeep.cli.commands.file_jobs import Wanted, send_files
from tallykeep.cli.kit.client import Client
from tallykeep.cli.kit.connection import connected
from tallykeep.cli.kit.exits import EXIT_CODES, UsageError
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
from tallykeep.cli.kit.row_types import CAMPAIGN_VOUCHERS, IMPORTED, UPDATED
from tallykeep.cli.kit.sending import (
    Again,
    AsJson,
    FailedTo,
    Key,
    NoWait,
)

IMPORT_HELP = (
    f"Import files and account for every row.\n\nROW_TYPE is one of {', '.join(IMPORTED)}; left out, it is detected "
    "from the columns and printed. The server is asked what the columns are; where that is not clear, nothing is sent, "
    "and the command says what to type. FILE is CSV, XLSX, JSON or NDJSON, also compressed (.gz, .zst); - is standard "
    f"input. The same file sent again within a day is imported only once (unless you say --again).\n\n{EXIT_CODES}"
)
UPDATE_HELP = (
    f"Update in bulk, from files of objects.\n\nROW_TYPE is one of {', '.join(UPDATED)}. FILE is JSON or NDJSON, also "
    f"compressed; - is standard input.\n\n{EXIT_CODES}"
)


def _words_of(known: tuple[str, ...], incomplete: str) -> list[str]:
    """Return the row types and files that begin like this, for the shell."""
    files = (str(path) + "/" * path.is_dir() for path in sorted(Path().glob(f"{incomplete}*")))
    return [*(name for name in known if name.startswith(incomplete)), *files]


def _import_words(incomplete: str) -> list[str]:
    return _words_of(IMPORTED, incomplete)


def _update_words(incomplete: str) -> list[str]:
    return _words_of(UPDATED, incomplete)


class CommandOnFiles(TyperCommand):
    """A command whose first word may be a row type, and whose usage says so."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return what the usage line has behind the command's name."""
        row_type = "ROW_TYPE" if self.name == "update" else "[ROW_TYPE]"
        return ["[OPTIONS]", row_type, "FILE..."]


Words = Annotated[
    list[str],
    typer.Argument(
        metavar="[ROW_TYPE] FILE...",
        help="What the rows are, where you want to say it, and the files.",
        show_default=False,
        autocompletion=_import_words,
    ),
]
RowTypeAndFiles = Annotated[
    list[str],
    typer.Argument(
        metavar="ROW_TYPE FILE...",
        help="What to update, and the files that say how.",
        show_default=False,
        autocompletion=_update_words,
    ),
]


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
    """Run `tallykeep import`; its help is IMPORT_HELP."""
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
    words: RowTypeAndFiles,
    of_submission: OfSubmission = None,
    failed_to: FailedTo = None,
    no_wait: NoWait = False,
    idempotency_key: Key = None,
    again: Again = False,
    as_json: AsJson = False,
) -> None:
    """Run `tallykeep update`; its help is UPDATE_HELP. Raises UsageError without a row type."""
    row_type, files = _row_type_and_files(words, UPDATED)
    if row_type is None:
        raise UsageError(f"Say what to update: {' or '.join(UPDATED)}")
    query = as_parameters(of_submission or {})
    wanted = Wanted("update", row_type, query=query, key=idempotency_key, again=again, no_wait=no_wait,
                    failed_to=failed_to, as_json=as_json)  # fmt: skip
    raise typer.Exit(send_files(client, files, wanted))


def _row_type_and_files(words: list[str], known: tuple[str, ...]) -> tuple[str | None, list[str]]:
    return (words[0], words[1:]) if words[0] in known else (None, words)


def _row_type_in(campaign: str | None, row_type: str | None) -> str | None:
    """Return the row type with this campaign; raises UsageError where the two do not fit."""
    if campaign is not None and row_type not in (None, "vouchers", CAMPAIGN_VOUCHERS):
        raise UsageError("Only vouchers can be imported into a campaign; leave out --campaign")
    if campaign is None and row_type == CAMPAIGN_VOUCHERS:
        raise UsageError("Name the campaign they are for: --campaign NAME")
    return CAMPAIGN_VOUCHERS if campaign is not None else row_type
