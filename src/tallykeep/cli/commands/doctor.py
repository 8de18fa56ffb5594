"""`tallykeep doctor`: check everything, and say how to fix what is wrong."""

import platform
import re
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import typer
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from tallykeep import __version__
from tallykeep.cli.commands.access.whose_keys import find_projects
from tallykeep.cli.kit.client import Client
from tallykeep.cli.kit.connection import AppId, AppToken, Connection, ProfileName, Token, Url, find_connection
from tallykeep.cli.kit.exits import CliError, ExitCode, reporting_errors
from tallykeep.cli.kit.phrases import duration, timestamp
from tallykeep.cli.kit.sending import AsJson
from tallykeep.cli.kit.show import out, print_json

_LITTLE_SPACE, _NO_SPACE = 0.10, 0.03  # of the disk's space
_LEAST_SPACE = 2 << 30
_SLOW_SECONDS = 0.25
_CLOCK_SECONDS = 2.0
_OLDEST_POSTGRES = 16
_MAJOR = re.compile(r"\d+")

HELP = (
    "Check connection, server, keys, version, worker, database, schema, disk and clock, and say how to fix what is "
    "wrong.\n\nExit code 0 where nothing is wrong, else 1."
)


class Level(StrEnum):
    """How a check went."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"
    UNKNOWN = "unknown"


_MARKS = {Level.OK: ("✓", "green"), Level.WARNING: ("!", "yellow"), Level.WRONG: ("✗", "bold red"),
          Level.UNKNOWN: ("·", "dim")}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """The finding of one check, and what to do about it."""

    check: str
    level: Level
    message: str
    todo: str = ""


def doctor(
    as_json: AsJson = False, url: Url = None, app_id: AppId = None, app_token: AppToken = None,
    token: Token = None, profile: ProfileName = None,
) -> None:  # fmt: skip
    """Run `tallykeep doctor`; its help is HELP."""
    with reporting_errors():
        findings = list(_findings(url, app_id, app_token, profile, token))
        is_well = not any(finding.level == Level.WRONG for finding in findings)
        if as_json:
            print_json({"ok": is_well, "checks": [asdict(finding) for finding in findings]})
        else:
            out().print(_shown(findings))
        raise typer.Exit(ExitCode.DONE if is_well else ExitCode.ROWS_LEFT)


def _findings(*flags: str | None) -> Iterator[Finding]:
    try:
        connection = find_connection(*flags)
    except CliError as error:
        yield Finding("connection", Level.WRONG, str(error))
        return
    yield Finding("connection", Level.OK, f"{connection.url} ({connection.origin})")
    with connection.client() as client:
        yield from _server(client, connection)


def _server(client: Client, connection: Connection) -> Iterator[Finding]:
    try:
        alive = client.get_now("/livez").get("status") == "ok"
    except CliError as error:
        yield Finding("server", Level.WRONG, str(error))
        return
    if not alive:
        yield Finding("server", Level.WRONG, f"The server at {client.url} is not Tallykeep", "Check the URL")
        return
    yield Finding("server", Level.OK, "it answers")
    if connection.has_keys:
        yield from _status(client)
        if connection.is_ambiguous:
            yield _management_keys(connection)
    elif connection.management is not None:
        with connection.management.client() as manager:
            yield from _status(manager)
    else:
        todo = "Set TALLYKEEP_APP_ID and TALLYKEEP_APP_TOKEN, or: tallykeep profiles save"
        yield Finding("keys", Level.WRONG, "there are none", todo)
        yield from _readiness(client)


def _status(client: Client) -> Iterator[Finding]:
    started = time.monotonic()
    try:
        status = client.get_now("/v1/status")
    except CliError as error:
        yield _no_status(error)
        yield from _readiness(client)
        return
    took = time.monotonic() - started
    yield Finding("keys", Level.OK, f"{status['key']} is a key of the project {status['project']}")
    yield _version(status["version"])
    yield _worker(status["workers"])
    yield _database(status["database"])
    yield _schema(status["database"])
    yield _disk(status["disk"])
    yield _clock(timestamp(status["time"]), took)
    yield _database_clock(status["database"]["clock_ahead_seconds"])


def _management_keys(connection: Connection) -> Finding:
    """Compare the project of the management keys with that of the application keys."""
    try:
        app_project, project = find_projects(connection, Client.get_now)
    except CliError as error:
        return Finding("management keys", Level.WARNING, str(error), "Ask again once the server answers")
    if project is None:
        todo = "Unset TALLYKEEP_MANAGEMENT_ID and TALLYKEEP_MANAGEMENT_TOKEN, or set others"
        return Finding("management keys", Level.WRONG, "they are wrong or were revoked", todo)
    if app_project is not None and app_project != project:
        message = f"they are keys of another project, {project}: `tallykeep keys` does not choose one"
        return Finding("management keys", Level.WARNING, message, "Unset those of the project that is not meant")
    return Finding("management keys", Level.OK, f"they are keys of the project {project}")


def _no_status(error: CliError) -> Finding:
    if error.status == 403:
        return Finding("keys", Level.WRONG, str(error), "Use a key with the permission server.read")
    if error.status == 401:
        todo = (
            "Ask an admin of the project for others. Who runs the server, and has lost all, makes new ones on its"
            " machine, for everything in all projects: tallykeep keys recover. It revokes none"
        )
        return Finding("keys", Level.WRONG, "they are wrong or were revoked", todo)
    if error.status == 404:
        return Finding("version", Level.WRONG, f"the server is older than this command ({__version__})", "Upgrade it")
    return Finding("database", Level.WRONG, str(error), "Is PostgreSQL running? The server's log has the details")


def _readiness(client: Client) -> Iterator[Finding]:
    """Check what can be checked without keys."""
    try:
        client.get_now("/readyz")
    except CliError as error:
        yield Finding("readiness", Level.WRONG, str(error), "The server's log has the details")
    else:
        yield Finding("readiness", Level.OK, "requests and work are served")


def _version(theirs: str) -> Finding:
    if theirs == __version__:
        return Finding("version", Level.OK, f"{theirs}, server and command")
    return Finding(
        "version",
        Level.WARNING,
        f"the server has {theirs}, this command is {__version__}",
        "Upgrade the older of the two",
    )


def _worker(alive: int) -> Finding:
    if alive:
        return Finding("worker", Level.OK, f"{alive} running")
    return Finding(
        "worker",
        Level.WRONG,
        "none is running: imports are accepted, but wait",
        "Start one: tallykeep worker, or serve",
    )


def _database(database: dict[str, Any]) -> Finding:
    where = "embedded" if database["embedded"] else "a server of its own"
    answers = f"answers in {database['answer_seconds'] * 1000:.1f} ms"
    message = f"PostgreSQL {database['version']}, {where}, {decimal(database['size_bytes'])}, {answers}"
    number = _MAJOR.match(database["version"])
    if number and int(number.group()) < _OLDEST_POSTGRES:
        todo = f"Tallykeep needs PostgreSQL {_OLDEST_POSTGRES} or newer: upgrade the database's server"
        return Finding("database", Level.WRONG, message, todo)
    if trouble := database.get("trouble"):
        todo = "Until that is fixed, writes are answered with 503, and actions wait; PostgreSQL's log has the details"
        return Finding("database", Level.WRONG, f"{message}; {trouble}", todo)
    if database["answer_seconds"] > _SLOW_SECONDS:
        return Finding("database", Level.WARNING, message, "That is slow: is its machine busy, or far from the server?")
    return Finding("database", Level.OK, message)


def _schema(database: dict[str, Any]) -> Finding:
    """Compare the database's revision with the newest one that the server knows."""
    if "newest_revision" not in database:
        return Finding("schema", Level.UNKNOWN, "the server does not say: it is older than this command")
    current, newest = database["revision"], database["newest_revision"]
    if current == newest:
        return Finding("schema", Level.OK, f"at {current}, the server's")
    message = f"at {current or 'nothing'}, but the server's is {newest}"
    if current is None or current < newest:
        return Finding("schema", Level.WRONG, message, "Migrate it on the server's machine: tallykeep db migrate")
    todo = "A newer Tallykeep has migrated it: start all of the server's processes in that version"
    return Finding("schema", Level.WRONG, message, todo)


def _disk(disk: dict[str, int] | None) -> Finding:
    if disk is None:
        return Finding("disk", Level.UNKNOWN, "the server cannot see the database's disk; monitor it there")
    free, total = disk["free_bytes"], disk["total_bytes"]
    message = f"{decimal(free)} free of {decimal(total)}"
    todo = "Free space where the data directory is; TALLYKEEP_KEEP_ACTIONS_DAYS removes old actions automatically"
    if free < _LEAST_SPACE // 4 or free < total * _NO_SPACE:
        return Finding("disk", Level.WRONG, message, todo)
    if free < _LEAST_SPACE or free < total * _LITTLE_SPACE:
        return Finding("disk", Level.WARNING, message, todo)
    return Finding("disk", Level.OK, message)


def _clock(theirs: datetime, took: float) -> Finding:
    """Compare the clocks, assuming that the answer travelled for half of the time it took."""
    apart = abs((datetime.now(UTC) - theirs).total_seconds() - took / 2)
    if apart <= _CLOCK_SECONDS + took / 2:
        return Finding("clock", Level.OK, "this machine's and the server's agree")
    message = f"this machine's and the server's are {duration(apart)} apart"
    return Finding("clock", Level.WARNING, message, f"Sync {platform.node() or 'them'} and the server by NTP")


def _database_clock(ahead: float) -> Finding:
    if abs(ahead) <= _CLOCK_SECONDS:
        return Finding("database clock", Level.OK, "the server's and the database's agree")
    message = f"the database's is {duration(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} the server's"
    return Finding("database clock", Level.WRONG, message, "Sync both by NTP: leases and retention depend on them")


def _shown(findings: list[Finding]) -> Table:
    table = Table(box=None, padding=(0, 1), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        mark, style = _MARKS[finding.level]
        text = Text(finding.message)
        if finding.todo:
            text.append(f"\n→ {finding.todo}", style="yellow")
        table.add_row(Text(mark, style=style), finding.check, text)
    return table
